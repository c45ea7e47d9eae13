"""The console: the border for people, rendered on the server."""
