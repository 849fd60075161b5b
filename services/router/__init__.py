"""The router: conversations, and which agent gets them."""
