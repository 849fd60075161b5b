"""The origin of an update of Rubika (chat, sender, account), and what follows from it: surface, person, address and ids."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.activity import Activity, ActivityKind, Address, PersonIdentity
from schemas.outbound import OutboundMessage
from schemas.values import Json, Surface
from services.channels.json_access import as_dict, as_int, as_str
from services.channels.port import NOBODY, Account, SendReceipt
from services.platform.core.identifiers import hashed_id

IDENTIFIER = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
PRIVATE_PREFIXES = ("b0", "u0")
"""With these begin the ids of chats of two: of a bot with a person. Groups begin with g0, channels with c0."""
CHANNEL_PREFIX = "c0"


def identifier(value: Json) -> str | None:
    """An id as text: Rubika writes ids of messages as numbers and as text. None for anything else, and for an empty text."""
    number = as_int(value)
    text = str(number) if number is not None else value
    return text if isinstance(text, str) and IDENTIFIER.fullmatch(text) else None


def opaque_id(value: Json) -> str | None:
    """An id that only goes back to Rubika, of a file or an offset: any text, or a number as text."""
    number = as_int(value)
    return str(number) if number is not None else as_str(value)


@dataclass(frozen=True, slots=True)
class ChatScope:
    """The account whose chats these are. A message has its id in its chat: a bot has each private chat for itself."""

    workspace: str
    channel: str
    account: str

    def message_id(self, chat: str, name: str) -> str:
        """The permanent id of a message: its edits, its deletion and its echo carry the same one."""
        return hashed_id(self.workspace, self.channel, self.account, chat, name)

    def receipt(self, message: OutboundMessage, address: Address, name: str | None) -> SendReceipt:
        """The receipt of a message that the platform took at this address and named `name`."""
        aliases = (self.message_id(address.chat, name),) if name else ()
        return SendReceipt(name, address=address if address != message.address else None, aliases=aliases)


def scope_of(account: Account) -> ChatScope:
    """The scope of an account."""
    return ChatScope(account.workspace, account.channel, account.id)


@dataclass(frozen=True, slots=True)
class ChatOrigin:
    """Chat and sender of an update as an account reads it. `secret` makes hashes of content that nobody can guess."""

    scope: ChatScope
    chat: str | None
    sender: str | None
    is_bot: bool
    received_at: datetime
    secret: str

    @property
    def surface(self) -> Surface:
        """`private` for a chat of two, and where no chat is named; a chat of an unknown kind is taken for public."""
        return "private" if self.chat is None or self.chat.startswith(PRIVATE_PREFIXES) else "public"

    @property
    def is_channel(self) -> bool:
        """Whether the chat is a channel, in which the team alone writes."""
        return self.chat is not None and self.chat.startswith(CHANNEL_PREFIX)

    @property
    def external(self) -> str:
        """The external id of the person: in private the chat, which every update names; in a channel too; else the sender."""
        of_chat = self.surface == "private" or self.is_channel
        return (self.chat if of_chat else self.sender) or self.sender or NOBODY

    @property
    def identities(self) -> list[PersonIdentity]:
        """The user id behind a private chat: Rubika names people by it in groups, and to every other bot of the shop."""
        is_other = self.surface == "private" and self.sender not in (None, self.chat) and not self.is_bot
        return [PersonIdentity(kind="platform", value=self.sender, proven=True)] if self.sender and is_other else []

    def person(self, external: str) -> str:
        """`channel:account:external_id`."""
        return f"{self.scope.channel}:{self.scope.account}:{external}"

    def content_id(self, value: Json) -> str:
        """An id of what has none of its own: a hash of its content, which cannot be guessed from it."""
        return hashed_id(self.secret, json.dumps(value, sort_keys=True))

    def message_id(self, name: str) -> str:
        """The permanent id of a message of this chat."""
        return self.scope.message_id(self.chat or "", name)

    # Any: further fields of Activity, which validates them.
    def activity(
        self, kind: ActivityKind, name: str | None, *states: str, platform_id: str | None = None, **fields: Any
    ) -> Activity:
        """An activity about the message that is called `name`; `states` tell apart what may happen to one message."""
        address = None
        if self.chat is not None:
            address = Address(chat=self.chat, reply_to=platform_id if self.surface == "public" else None)
        identity = ("update", kind, self.chat or "", name or "", *states)
        return Activity(
            id=hashed_id(self.scope.workspace, self.scope.channel, self.scope.account, *identity),
            workspace=self.scope.workspace,
            channel=self.scope.channel,
            account=self.scope.account,
            kind=kind,
            surface=self.surface,
            person=self.person(self.external),
            thread=self.chat if self.surface == "public" else None,
            message=self.message_id(name) if name else None,
            platform_id=platform_id,
            address=address,
            received_at=self.received_at,
            **fields,
        )


def origin_of(update: dict[str, Json], account: Account, received_at: datetime) -> ChatOrigin:
    """The origin of an update, of its message where it has one, or of an inline message. An id of the wrong shape is absent."""
    message = as_dict(update.get("new_message")) or as_dict(update.get("updated_message")) or update
    return ChatOrigin(
        scope=scope_of(account),
        chat=identifier(update.get("chat_id")),
        sender=identifier(message.get("sender_id")),
        is_bot=message.get("sender_type") == "Bot",
        received_at=received_at,
        secret=next(iter(account.secrets("path_secret")), "") or account.token("bot_token"),
    )
