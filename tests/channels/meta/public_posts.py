"""What one customer does in public as `tests.channels.places` wants it: comments below a post of a Page or an account."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from services.channels.port import Request
from services.platform.http.outgoing import HttpResponse
from tests.channels.places import BETTER, REPORTED, WRITTEN, Place, Update, text_of

AT, LATER = int(WRITTEN.timestamp()), int(REPORTED.timestamp())


def _json(body: Any) -> HttpResponse:
    return HttpResponse(200, {}, json.dumps(body).encode())


def comments_on_page(page: str, customer: str, request: Callable[[bytes], Request]) -> Place:
    """Comments below a post of a Page. Our n-th comment is `1_ours<n>`, the customer's n-th `1_theirs<n>`."""
    post, theirs, ours = f"{page}_1", "1_theirs{}".format, "1_ours{}".format
    author, shop = {"id": customer, "name": "Anna"}, {"id": page, "name": "Kettles"}

    def call(updates: Sequence[Update]) -> Request:
        changes = [{"field": "feed", "value": update} for update in updates]
        entry = {"id": page, "time": LATER, "changes": changes}
        return request(json.dumps({"object": "page", "entry": [entry]}).encode())

    def change(verb: str, comment: str, **more: Any) -> Update:
        about = {"item": "comment", "verb": verb, "post_id": post, "comment_id": comment, "parent_id": post}
        return {**about, "from": author, "created_time": LATER, **more}

    def message(number: int, **more: Any) -> Update:
        return change("add", theirs(number), created_time=AT, message=text_of(number), **more)

    def old_form() -> Update:
        return {**message(1), "from": None, "sender_id": int(customer), "sender_name": "Anna"}

    def own(verb: str, number: int, **more: Any) -> Update:
        return change(verb, ours(number), **{"from": shop, "parent_id": theirs(1), **more})

    reaction = {"item": "reaction", "reaction_type": "love"}
    return Place(
        name="comments",
        surface="public",
        post=call,
        updates_per_call=1_000,
        message=message,
        spellings=[old_form(), message(1) | {"created_time": AT * 1000}, message(1) | {"created_time": str(AT)}],
        accepted=lambda n: _json({"id": ours(n)}),
        edit=lambda n: change("edited", theirs(n), message=BETTER),
        deletion=lambda n: change("remove", theirs(n)),
        reaction=lambda n: change("add", ours(n), **reaction),
        echo=lambda n, text: own("add", n, message=text),
        own_edit=lambda n: own("edited", n, message=BETTER),
        own_deletion=lambda n: own("remove", n),
    )


def comments_on_account(
    own_id: str, customer: str, request: Callable[[bytes], Request], field: str = "comments"
) -> Place:
    """Comments below a post of an Instagram account. Instagram says of no comment that it was changed or deleted."""
    theirs, ours = "1780000{}".format, "1790000{}".format
    media = {"id": "17900000", "media_product_type": "FEED"}

    def call(updates: Sequence[Update]) -> Request:
        return request(json.dumps({"object": "instagram", "entry": list(updates)}).encode())

    def entry(value: Update, at: Any = AT) -> Update:
        return {"id": own_id, "time": at, "field": field, "value": {"media": media, **value}}

    def message(number: int, at: Any = AT) -> Update:
        author = {"id": customer, "username": "neda.k"}
        return entry({"from": author, "id": theirs(number), "text": text_of(number)}, at)

    def echo(number: int, text: str) -> Update:
        author = {"id": own_id, "username": "rings.shop", "self_ig_scoped_id": "8800119999"}
        return entry({"from": author, "id": ours(number), "parent_id": theirs(1), "text": text}, LATER)

    def facebook_login() -> Update:
        value = {"media": media, "from": {"id": int(customer), "username": "neda.k"}}
        named = {**value, "comment_id": theirs(1), "text": text_of(1)}
        return {"id": own_id, "time": AT, "changes": [{"field": field, "value": named}]}

    return Place(
        name=field.replace("_", " "),
        surface="public",
        post=call,
        updates_per_call=1_000,
        message=message,
        spellings=[message(1, AT * 1000), message(1, str(AT)), facebook_login()],
        accepted=lambda n: _json({"id": ours(n)}),
        echo=echo,
    )
