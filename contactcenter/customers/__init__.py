"""Customers: who they are, by which names they reach us, and what we know of them."""
