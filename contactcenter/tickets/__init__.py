"""Tickets: the work that a conversation means for people."""
