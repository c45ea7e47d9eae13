"""Migration scripts, oldest first by number."""
