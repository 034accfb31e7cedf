"""LibreLinkUp: the follower app of FreeStyle Libre, read with an account the patient has invited. Glucose, sensor."""
