"""Parses the bodies of the channel `api` into activities. Pure.

A bad item of a list does not keep out the good ones: their activities are published, and the caller is answered 207 with a
verdict on each item. Errors name the field and never quote its value, which may be a customer's words.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from schemas.activity import (
    Activity,
    ActivityKind,
    Address,
    Call,
    Reaction,
    SurveyAnswer,
)
from schemas.values import Failure, Json, Surface, instant_text
from services.channels.api_fields import (
    ItemContext,
    WebhookContext,
    map_content,
    message_fields,
    to_attachment,
    to_identities,
)
from services.channels.api_payloads import (
    MAX_ID_LENGTH,
    CallItem,
    ContactItem,
    Customer,
    Echoed,
    Item,
    MessageEdit,
    MessageReference,
    NewMessage,
    ReactionItem,
    ReceiptItem,
    SurveyItem,
)
from services.channels.port import NOBODY, Account, InvalidPayload, ItemVerdict, PartlyInvalidPayload, Request
from services.platform.http.lenient_json import read_json
from services.platform.http.standard_webhooks import ID as WEBHOOK_ID

AnyItem = TypeVar("AnyItem", bound=Item)
MAX_ITEMS, MAX_ERRORS = 1000, 5
DEFAULT_THREAD = "public"
LIKE = "\U0001f44d"


def parse(channel: str, request: Request, account: Account) -> list[Activity]:
    """The activities of a body, in its order. Raises InvalidPayload, with the context and never the value.

    Raises PartlyInvalidPayload where some items of a list can be read and some cannot.
    """
    delivery = WebhookContext(
        channel=channel,
        workspace=account.workspace,
        account=account.id,
        webhook=request.headers.get(WEBHOOK_ID, ""),
        received_at=request.received_at,
    )
    return _activities(delivery, _items(request.body))


def _activities(delivery: WebhookContext, items: Sequence[Json]) -> list[Activity]:
    activities: list[Activity] = []
    verdicts: list[ItemVerdict] = []
    for index, raw in enumerate(items):
        identity = _identity(raw)
        try:
            activities.append(_activity(_item_context(delivery, index, raw)))
            verdicts.append(ItemVerdict(index, identity, None))
        except InvalidPayload as error:
            verdicts.append(ItemVerdict(index, identity, str(error)))
    # When no item can be read the call is an error as a whole (400), which a client notices sooner than verdicts.
    refused = [verdict.refusal for verdict in verdicts if verdict.refusal is not None]
    if refused and not activities:
        raise InvalidPayload("; ".join(refused[:MAX_ERRORS]))
    if refused:
        raise PartlyInvalidPayload(activities, verdicts)
    return activities


def _identity(raw: Json) -> str | None:
    raw_value = raw.get("id") if isinstance(raw, dict) else None
    # An id may be a number (`coerce_numbers_to_str`). In Python `True` is an int too, but it is no id.
    is_id = isinstance(raw_value, str | int) and not isinstance(raw_value, bool)
    return str(raw_value)[:MAX_ID_LENGTH] if is_id else None


def _item_context(delivery: WebhookContext, index: int, raw: Json) -> ItemContext:
    if not isinstance(raw, dict):
        raise InvalidPayload(f"item {index}: it is no object")
    return ItemContext(delivery=delivery, index=index, raw=_without_null(raw))


def _without_null(raw: dict[str, Json]) -> dict[str, Json]:
    """The object without null values, at every depth: null means the same as absent. A null in a list stays in it."""
    return {name: _without_null_inside(value) for name, value in raw.items() if value is not None}


def _without_null_inside(value: Json) -> Json:
    if isinstance(value, dict):
        return _without_null(value)
    return [_without_null_inside(one) for one in value] if isinstance(value, list) else value


def _items(body: bytes) -> Sequence[Json]:
    try:
        document = read_json(body)
    except (ValueError, RecursionError) as error:
        # `from None`: the decoder's message quotes nothing, but its attribute `doc` is the body, which may hold secrets.
        raise InvalidPayload(f"it is no JSON: {getattr(error, 'msg', type(error).__name__)}") from None
    items = document if isinstance(document, list) else [document]
    if not items or not any(isinstance(item, dict) for item in items):
        raise InvalidPayload("it is neither an object nor a list of objects")
    if len(items) > MAX_ITEMS:
        raise InvalidPayload(f"a list has at most {MAX_ITEMS} items, this one {len(items)}")
    return items


def _activity(context: ItemContext) -> Activity:
    kind = context.raw.get("type")
    if not isinstance(kind, str):
        raise InvalidPayload(f"item {context.index}: type: is needed, one of {', '.join(HANDLERS)}")
    return HANDLERS.get(kind, _unknown)(context)


def _read(shape: type[AnyItem], context: ItemContext) -> AnyItem:
    """The item validated as `shape`. Raises InvalidPayload."""
    try:
        return shape.model_validate(context.raw)
    except ValidationError as error:
        messages = [
            f"{'/'.join(map(str, detail['loc'])) or 'item'}: {detail['msg']}" for detail in error.errors()[:MAX_ERRORS]
        ]
        raise InvalidPayload(f"item {context.index}: {'; '.join(messages)}") from None


# Any: further fields of Activity, which validates them.
def _build_activity(
    context: ItemContext,
    kind: ActivityKind,
    item: Item,
    identity: str,
    /,
    *,
    details: Mapping[str, Json] | None = None,
    **fields: Any,
) -> Activity:
    # A review stands where everybody reads it, whatever the item says.
    surface: Surface = "public" if fields.get("review") else item.surface
    d, public = context.delivery, surface == "public"
    # Each review is a place of its own: other public messages of the person do not belong to it.
    default_thread = (fields.get("platform_id") if fields.get("review") else None) or DEFAULT_THREAD
    thread = (item.thread or default_thread) if public else None
    return Activity(
        id=identity,
        workspace=d.workspace,
        channel=d.channel,
        account=d.account,
        kind=kind,
        surface=surface,
        person=f"{d.channel}:{d.account}:{item.person.id}",
        person_name=item.person.name,
        thread=thread,
        address=Address(
            chat=item.person.id, thread=item.thread, reply_to=fields.get("platform_id") if public else None
        ),
        sent_at=item.sent_at,
        received_at=d.received_at,
        locale=item.person.language,
        identities=to_identities(item.person),
        details={name: value for name, value in (details or {}).items() if value not in (None, "")},
        **fields,
    )


def _message(context: ItemContext) -> Activity:
    item = _read(NewMessage, context)
    identity = context.activity_id("message", item.person.id, item.id)
    return _build_activity(context, "message", item, identity, **map_content(context, item, item.id))


def _echo(context: ItemContext) -> Activity:
    """An echo. When its `id` is the id of a reply that we posted to the callback, it is that reply coming back."""
    item = _read(Echoed, context)
    identity = context.activity_id("echo", item.person.id, item.id)
    content = map_content(context, item, item.id)
    return _build_activity(context, "echo", item, identity, author="account", author_name=item.author_name, **content)


def _edit(context: ItemContext) -> Activity:
    item = _read(MessageEdit, context)
    return _build_activity(
        context, "edit", item, context.state_id("edit", item), **map_content(context, item, item.message)
    )


def _delete(context: ItemContext) -> Activity:
    item = _read(MessageReference, context)
    identity = context.activity_id("deletion", item.person.id, item.message)
    return _build_activity(context, "deletion", item, identity, **message_fields(context, item.person.id, item.message))


def _reaction(context: ItemContext) -> Activity:
    item = _read(ReactionItem, context)
    # A reaction without an emoji is a like.
    reaction = Reaction(emoji=None if item.removed else item.emoji or LIKE, removed=item.removed)
    identity = context.state_id("reaction", item)
    names = message_fields(context, item.person.id, item.message)
    return _build_activity(context, "reaction", item, identity, reaction=reaction, **names)


def _receipt(context: ItemContext) -> Activity:
    item = _read(ReceiptItem, context)
    until = [instant_text(item.watermark)] if item.watermark is not None else []
    identity = context.activity_id("receipt", item.person.id, item.message or "", item.state, *until)
    names = message_fields(context, item.person.id, item.message) if item.message is not None else {}
    error = Failure(code=item.error.code, detail=item.error.detail) if item.error is not None else None
    return _build_activity(
        context,
        "receipt",
        item,
        identity,
        receipt_state=item.state,
        failure=error if item.state == "failed" else None,
        watermark=item.watermark if item.state in ("delivered", "read") else None,
        **names,
    )


def _contact(context: ItemContext) -> Activity:
    item = _read(ContactItem, context)
    kind: ActivityKind = "follow" if item.state else "contact"
    return _build_activity(context, kind, item, context.state_id("contact", item), contact_state=item.state)


def _call(context: ItemContext) -> Activity:
    item = _read(CallItem, context)
    said = item.call
    recording = to_attachment(said.recording) if said.recording else None
    call = Call(**said.model_dump(exclude={"recording"}), recording=recording)
    message = context.delivery.message_id(item.person.id, f"call:{said.id}")
    return _build_activity(context, "call", item, context.state_id("call", item), message=message, call=call)


def _survey_answer(context: ItemContext) -> Activity:
    item = _read(SurveyItem, context)
    return _build_activity(
        context,
        "survey_answer",
        item,
        context.activity_id("survey_answer", item.person.id, item.id),
        message=context.delivery.message_id(item.person.id, f"survey:{item.id}"),
        conversation=item.conversation,
        answers=[SurveyAnswer(**answer.model_dump()) for answer in item.answers],
    )


def _unknown(context: ItemContext) -> Activity:
    """An activity for an unknown type. It keeps person and place; its content is dropped because it may hold anything."""
    try:
        item = _read(Item, context)
    except InvalidPayload:
        item = Item(person=Customer(id=NOBODY))
    return _build_activity(
        context, "unknown", item, context.state_id("unknown", item), details={"raw": str(context.raw["type"])[:64]}
    )


HANDLERS: Mapping[str, Callable[[ItemContext], Activity]] = {
    "message": _message,
    "echo": _echo,
    "edit": _edit,
    "delete": _delete,
    "reaction": _reaction,
    "receipt": _receipt,
    "contact": _contact,
    "call": _call,
    "survey_answer": _survey_answer,
}
