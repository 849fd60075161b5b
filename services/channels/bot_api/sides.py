"""Which side wrote a Bot API message, and whose conversation it belongs to."""

from schemas.activity import Side
from schemas.values import Json
from services.channels.bot_api.origin import SenderContext, UpdateContext, origin
from services.channels.json_access import as_dict, as_id_str
from services.channels.port import NOBODY


def side_for(delivery: UpdateContext, raw: str, where: SenderContext, body: dict[str, Json]) -> Side:
    """The side that wrote the message: the customer, our bot, or a person of the team (`account`).

    The team's messages are: those of our bot, posts of a linked channel in its group, those of a group's anonymous admins
    (who speak as the group itself), and in a private chat those of everybody but the customer. An admin who speaks as
    the linked channel is recognised here only when answering one of its posts; the conversations processor remembers
    the other cases.
    """
    automatic = as_dict(body.get("sender_business_bot"))
    if is_our_bot(delivery, where, body):
        return "bot"
    if _is_our_chat(where, body):
        return "account"
    is_from_customer = where.customer is None or where.author == where.customer
    # In a business chat (and in a channel's direct messages) whoever is not the customer writes for the business.
    if is_from_customer or not ("business" in raw or where.direct_topic):
        return "customer"
    return "bot" if automatic or (where.is_bot and where.sender_chat_id is None) else "account"


def is_our_bot(delivery: UpdateContext, where: SenderContext, body: dict[str, Json]) -> bool:
    """Whether this bot wrote the message, for itself or for a business account: then it is a reply of ours coming back."""
    named = {where.author, as_id_str(as_dict(body.get("sender_business_bot")).get("id"))}
    # In a private chat two write, and its id is the customer's: a bot that is not the customer is ours.
    is_other_side = (
        where.is_bot and where.chat_type == "private" and where.business is None and where.author != where.chat
    )
    return delivery.bot in named - {None} or (is_other_side and where.sender_chat_id is None)


def _is_our_chat(where: SenderContext, body: dict[str, Json]) -> bool:
    if body.get("is_automatic_forward") is True:
        return True
    # A channel's posts appear in its linked group as automatic forwards; whoever answers one under the channel's name is ours.
    answered = as_dict(body.get("reply_to_message"))
    is_linked = answered.get("is_automatic_forward") is True and where.sender_chat_id == origin(answered).sender_chat_id
    return where.sender_chat_id is not None and (where.sender_chat_id == where.chat or is_linked)


def addressee(delivery: UpdateContext, side: Side, where: SenderContext, body: dict[str, Json]) -> str:
    """The external id of the person whose conversation a message belongs to.

    That is the customer who wrote it; of a team message the chat's customer, or in public the person answered.
    """
    if side == "customer":
        return where.external
    if where.customer is not None:
        return where.customer
    # In public a team message belongs to the customer whom it answers; one that answers nobody stays with its own sender.
    answered = as_dict(body.get("reply_to_message"))
    sender = origin(answered)
    is_from_customer = side_for(delivery, "message", sender, answered) == "customer" and sender.external != NOBODY
    return sender.external if answered and is_from_customer else where.external
