"""What becomes of an attempt to send, and who has to wait for a platform. Pure."""
