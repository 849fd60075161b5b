"""Which evidence connects whom, and which persons are one customer. Pure."""
