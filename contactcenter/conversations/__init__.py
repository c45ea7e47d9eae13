"""Conversations: the spine every message goes along, from the door to the timeline and out again."""
