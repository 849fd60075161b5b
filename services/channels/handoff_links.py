"""The tokens of our links that lead from a public place into a private chat, as platforms hand them back."""

import re

HANDOFF_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
"""The form of a token. Whatever else stands in a link is a word of somebody else's: of an advertisement, of a campaign."""
