"""Account health: platforms are probed, and each change of an account's health becomes a fact."""
