"""Migration environment and scripts."""
