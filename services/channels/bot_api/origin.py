"""The origin of an update (chat, topic, author), and what follows from it: surface, thread, person, address and ids."""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from schemas.activity import Address, PersonIdentity
from schemas.outbound import OutboundMessage
from schemas.values import Json, Surface
from services.channels.json_access import as_dict, as_id_str, as_str
from services.channels.port import NOBODY, SendReceipt
from services.platform.core.identifiers import hashed_id

LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
"""A language tag by BCP 47: a language of two or three letters and optional subtags."""


@dataclass(frozen=True, slots=True)
class MessageScope:
    """Where a message has its number: each bot numbers its private chats from 1, and each business account its own."""

    workspace: str
    channel: str
    account: str
    bot: str | None
    connection: str | None
    chat: str | None

    def message_id(self, number: str) -> str:
        """The permanent id of a message: its edits, its deletion, reactions to it and its echo carry the same one."""
        scope = (self.bot or "", self.connection or "")
        return hashed_id(self.workspace, self.channel, self.account, *scope, self.chat or "", number)


def with_message_ids(receipt: SendReceipt, message: OutboundMessage, bot: str | None) -> SendReceipt:
    """The receipt of a message of this bot with our ids of everything that was sent, of which it has the numbers."""
    to = receipt.address or message.address
    scope = MessageScope(message.workspace, message.channel, message.account, bot, to.via, to.chat)
    numbers = [number for number in (receipt.platform_id, *receipt.further_ids) if number is not None]
    return replace(receipt, aliases=tuple(scope.message_id(number) for number in numbers))


def bot_id(token: str) -> str | None:
    """The user id of a bot, with which its token begins."""
    bot, colon, _ = token.partition(":")
    return bot if colon and bot.isascii() and bot.isdigit() else None


@dataclass(frozen=True, slots=True)
class UpdateContext:
    """One webhook call: its account, its update and when it was received. `bot` is the bot's user id, read from its token."""

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
        """The permanent id of a message."""
        scope = MessageScope(self.workspace, self.channel, self.account, self.bot, sender.business, sender.chat)
        return scope.message_id(platform_id)

    def former_id(self, sender: "SenderContext", platform_id: str) -> str:
        """The id that older versions gave the message, when the account alone was its scope. Stored messages may have it."""
        return hashed_id(self.workspace, self.channel, self.account, sender.chat or "", platform_id)

    def activity_id(self, kind: str, sender: "SenderContext", *states: str) -> str:
        """The same for every repeat of this update; several activities of one differ in their states.

        Telegram may restart `update_id` at random after a week of silence, so chat and message are part of it.
        """
        scope = (self.bot or "", sender.business or "")
        update = ("update", self.update, kind, sender.chat or "")
        return hashed_id(self.workspace, self.channel, self.account, *scope, *update, *states)


CHAT_KINDS: dict[str, Surface] = {"private": "private", "group": "public", "supergroup": "public", "channel": "public"}
"""The known types of chat, and whether two people or the public read them."""


@dataclass(frozen=True, slots=True)
class SenderContext:
    """Chat, topic and author of an update; None where the update does not name them.

    `direct_topic` and `direct_customer` belong to the direct messages of a channel (`chat_type` direct): the customer's
    topic and the customer. An answer there needs the topic.
    """

    chat: str | None
    chat_type: str | None
    topic: str | None
    direct_topic: str | None
    direct_customer: str | None
    business: str | None
    author: str | None
    author_name: str | None
    username: str | None
    locale: str | None
    is_bot: bool
    sender_chat_id: str | None

    @property
    def external(self) -> str:
        """The external id of the person: the author, who may speak as a chat; else the chat."""
        return self.sender_chat_id or self.author or self.chat or NOBODY

    @property
    def customer(self) -> str | None:
        """The customer of a private chat; None in public, where there are several."""
        if self.direct_topic is not None:
            return self.direct_customer
        return self.chat if self.surface == "private" else None

    @property
    def is_known(self) -> bool:
        """Whether the type of chat is known. Telegram may add types, which are then neither public nor private to us."""
        return self._surface is not None

    @property
    def surface(self) -> Surface:
        """`private` for a chat of two and for unknown types of chat, which no reply is sent to."""
        return self._surface or "private"

    @property
    def _surface(self) -> Surface | None:
        if self.business or self.direct_topic or self.chat is None:
            return "private"
        if self.chat_type is not None:
            return CHAT_KINDS.get(self.chat_type)
        if self.chat == self.author:
            return "private"
        # Without a type the id tells: groups and channels have negative ids.
        return "public" if self.chat.startswith("-") else None

    @property
    def thread(self) -> str | None:
        """Chat and topic, which tell public threads apart; None in private."""
        if self.surface == "private":
            return None
        return f"{self.chat}/{self.topic}" if self.topic else self.chat

    @property
    def identities(self) -> list[PersonIdentity]:
        """The username of the author, which Telegram alone gives out."""
        return [PersonIdentity(kind="username", value=self.username, proven=True)] if self.username else []

    def in_chat(self, chat: str) -> "SenderContext":
        """The same sender in another chat of the bot."""
        return replace(self, chat=chat, business=None)

    def address(self, message_id: str | None) -> Address | None:
        """The address of a reply. In public the reply quotes the message that it answers."""
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

    A `message_thread_id` is a topic only together with `is_topic_message`: in other groups it names a chain of replies,
    and sending to it as to a topic fails. `sender_chat` is the chat as which an anonymous admin or a channel's owner
    writes. The direct messages of a channel are a supergroup with `is_direct_messages`, with one topic per customer.
    """
    chat, author = as_dict(message.get("chat")), as_dict(user or message.get("from"))
    direct = as_dict(message.get("direct_messages_topic"))
    # With `sender_chat` Telegram fills `from` with a placeholder user, for compatibility: the chat comes first.
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
        username=as_str(author.get("username")) if not spokesman else None,
        locale=_language(author.get("language_code")),
        is_bot=author.get("is_bot") is True,
        sender_chat_id=as_id_str(spokesman.get("id")),
    )
