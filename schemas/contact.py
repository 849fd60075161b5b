"""Facts about persons on topic `conversations`, keyed by person."""

from typing import Literal

from schemas.activity import ContactState
from schemas.values import Contract, Instant

Consent = Literal["opted_in", "opted_out"]
"""Whether a person asked for our messages, or asked us to stop. The platform may hold messages of its own will: `blocked`."""


class ContactFact(Contract):
    """The data of `pasokh.contact.<state>`: what a person decided about messages of ours.

    `key` is the person key, `person` is `channel:account:external_id`. `conversation` is the open private conversation of
    the person, None without one.
    """

    key: str
    workspace: str
    person: str
    state: ContactState
    conversation: str | None = None
    at: Instant
