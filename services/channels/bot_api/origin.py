"""Where an update comes from: chat, topic, author; and what follows: surface, thread, person, address, ids."""

import re
from dataclasses import dataclass
from datetime import datetime

from schemas.activity import Address
from schemas.values import Json, Surface
from services.channels.bot_api.json_access import as_dict, as_id_str, as_str
from services.platform.core.identifiers import hashed_id

LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
"""A tag as BCP 47 has them, as far as they name languages that people write."""
NO_SENDER = "none"
"""The external id of updates that name neither a person nor a chat, such as the count of a poll."""


@dataclass(frozen=True, slots=True)
class UpdateContext:
    """One webhook call: for whom, which update, when it came. `bot` is the bot's own user id, when its token says it."""

    channel: str
    workspace: str
    account: str
    bot: str | None
    username: str | None
    update: str
    received_at: datetime

    def person(self, external: str) -> str:
        """`channel:account:external_id`."""
        return f"{self.channel}:{self.account}:{external}"

    def message_id(self, sender: "SenderContext", platform_id: str) -> str:
        """The id that a message keeps, whatever happens to it.

        Each bot numbers its private chats from 1, and each business account those with its own customers: the bot and
        the business connection are part of the id.
        """
        scope = (self.bot or "", sender.business or "")
        return hashed_id(self.workspace, self.channel, self.account, *scope, sender.chat or "", platform_id)

    def former_id(self, sender: "SenderContext", platform_id: str) -> str:
        """The id the same message had when the account alone was its scope: stored ones may still have it."""
        return hashed_id(self.workspace, self.channel, self.account, sender.chat or "", platform_id)

    def activity_id(self, kind: str, sender: "SenderContext", *states: str) -> str:
        """The same for every repeat of this update; several activities of one differ in their states.

        Telegram may restart `update_id` at random after a week of silence, so chat and message are part of it.
        """
        scope = (self.bot or "", sender.business or "")
        update = ("update", self.update, kind, sender.chat or "")
        return hashed_id(self.workspace, self.channel, self.account, *scope, *update, *states)


CHAT_KINDS: dict[str, Surface] = {"private": "private", "group": "public", "supergroup": "public", "channel": "public"}
"""The types of chat that we know, and who reads there."""


@dataclass(frozen=True, slots=True)
class SenderContext:
    """Chat, topic and author of an update, as far as it names them.

    `direct_topic` and `direct_customer` are of the direct messages of a channel (`chat_type` direct): the customer's
    topic, and whose it is. Without its topic nobody can be answered there.
    """

    chat: str | None
    chat_type: str | None
    topic: str | None
    direct_topic: str | None
    direct_customer: str | None
    business: str | None
    author: str | None
    author_name: str | None
    language_code: str | None
    is_bot: bool
    sender_chat_id: str | None

    @property
    def external(self) -> str:
        """The external id of the person: the author, who may speak as a chat; else the chat."""
        return self.sender_chat_id or self.author or self.chat or NO_SENDER

    @property
    def customer(self) -> str | None:
        """Whose chat it is, where two talk: nobody in public."""
        if self.direct_topic is not None:
            return self.direct_customer
        return self.chat if self.surface == "private" else None

    @property
    def is_known(self) -> bool:
        """Whether we know who reads here. Telegram adds kinds of chat; one that is new is neither public nor private."""
        return self._surface is not None

    @property
    def surface(self) -> Surface:
        """Private for a chat of two, and for what we do not know: nothing is answered there."""
        return self._surface or "private"

    @property
    def _surface(self) -> Surface | None:
        if self.business or self.direct_topic or self.chat is None:
            return "private"
        if self.chat_type is not None:
            return CHAT_KINDS.get(self.chat_type)
        if self.chat == self.author:
            return "private"
        return "public" if self.chat.startswith("-") else None

    @property
    def thread(self) -> str | None:
        """Chat and topic of a public place."""
        if self.surface == "private":
            return None
        return f"{self.chat}/{self.topic}" if self.topic else self.chat

    def address(self, message_id: str | None) -> Address | None:
        """Where an answer goes: in public it answers the message itself."""
        if self.chat is None:
            return None
        answered = message_id if self.surface == "public" else None
        return Address(
            chat=self.chat, thread=self.topic, reply_to=answered, via=self.business, direct_topic=self.direct_topic
        )


def full_name(user: dict[str, Json]) -> str | None:
    """First and last name; of a chat its title; else the username."""
    names = [as_str(user.get("first_name")), as_str(user.get("last_name"))]
    return " ".join(n for n in names if n) or as_str(user.get("title")) or as_str(user.get("username"))


def _language(value: Json) -> str | None:
    tag = as_str(value)
    return tag if tag and LANGUAGE.fullmatch(tag) else None


def origin(message: dict[str, Json], user: Json = None, *, speaks_as: Json = None) -> SenderContext:
    """The origin of a message, or of another update with a `chat`; `user` is who did it (default: `from`).

    A `message_thread_id` is a topic only with `is_topic_message`: in other groups it names a chain of replies, and
    sending to it as to a topic fails. `sender_chat` is who an anonymous admin or a channel's owner speaks as. The direct
    messages of a channel are a supergroup with `is_direct_messages`, where each customer has a topic of their own.
    """
    chat, author = as_dict(message.get("chat")), as_dict(user or message.get("from"))
    direct = as_dict(message.get("direct_messages_topic"))
    spokesman = as_dict(speaks_as or message.get("sender_chat"))
    return SenderContext(
        chat=as_id_str(chat.get("id")),
        chat_type="direct" if chat.get("is_direct_messages") is True else as_str(chat.get("type")),
        topic=as_id_str(message.get("message_thread_id")) if message.get("is_topic_message") is True else None,
        direct_topic=as_id_str(direct.get("topic_id")),
        direct_customer=as_id_str(as_dict(direct.get("user")).get("id")) or as_id_str(direct.get("topic_id")),
        business=as_str(message.get("business_connection_id")),
        author=as_id_str(author.get("id")),
        author_name=full_name(spokesman) or full_name(author),
        language_code=_language(author.get("language_code")),
        is_bot=author.get("is_bot") is True,
        sender_chat_id=as_id_str(spokesman.get("id")),
    )
