"""Telegram's Bot API (core.telegram.org/bots/api): its updates and its calls. Other bot platforms copy it."""
