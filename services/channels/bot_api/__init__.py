"""Updates and calls of Telegram's Bot API (core.telegram.org/bots/api), which other bot platforms copy."""
