"""mySugr's table, in many languages."""
