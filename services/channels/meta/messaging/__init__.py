"""Direct messages of Messenger and Instagram, which have one API (developers.facebook.com/docs/messenger-platform)."""
