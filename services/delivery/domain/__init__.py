"""The outcome of send attempts. Pure."""
