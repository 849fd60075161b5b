"""A seeded world that drives the real processor code: crashes, zombies, rebalances, unknown commits at any await."""
