"""The demo: a shop with simulated customers and agents, on a running installation, over its public API only."""
