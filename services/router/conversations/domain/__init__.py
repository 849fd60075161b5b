"""The life of a conversation, its routing rules and its hand-offs. Pure."""
