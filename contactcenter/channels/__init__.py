"""Channels: the thin borders between customers and us. One folder each; they speak envelopes only."""
