"""Notifications of agents by Web Push: the browsers that take them, and their sending."""
