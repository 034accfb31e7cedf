"""Links for people outside the household: role, data kinds, expiry, passcode, revocation, and the list of them."""
