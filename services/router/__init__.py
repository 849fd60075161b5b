"""The router: runs conversations, dispatches them to agents, and serves both over REST."""
