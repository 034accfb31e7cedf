"""Another Nightscout (or Nightlight) as a source: entries, treatments, device status, profiles, deletions too."""
