"""The health of accounts: asked of their platforms, told as facts when it changes."""
