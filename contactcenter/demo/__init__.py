"""Living demo data: simulated people who write through the real channels, and doubles of outside services."""
