"""The built-in operations page `/ops`, and the routes that only it and operators need (overview, dead letters)."""
