"""The JSON API: the border for programs."""
