"""The living demo: the whole service with seeded people and policies, and simulated customers at real doors."""
