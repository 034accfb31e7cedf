"""The store's promises, kept by both backends alike."""
