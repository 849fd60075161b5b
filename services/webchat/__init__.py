"""Live chat for browsers: sessions, messages in, and both directions back out as a list and as a stream."""
