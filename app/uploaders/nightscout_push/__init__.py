"""Another Nightscout (or Nightlight) as a second home: what is stored here is sent there, changes and deletions too."""
