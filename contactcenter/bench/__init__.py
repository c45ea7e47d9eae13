"""Reproducible measurements: each prints what it did and on what machine. Uses only what an operator could."""
