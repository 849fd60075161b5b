"""When webhook calls are tried again, and how long a failing endpoint is paused. Pure."""
