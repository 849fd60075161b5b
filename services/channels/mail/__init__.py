"""Mail: what providers decode, how it becomes activities, and how an answer goes out."""
