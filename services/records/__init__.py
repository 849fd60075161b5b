"""One file per collection: its shape, its indexes and the one group that writes it. Anyone may read."""
