"""What a Nightscout holds: its API's JSON, and dumps of its database."""
