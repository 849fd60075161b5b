"""A stand-in for Meta's Graph API: WhatsApp numbers, Facebook pages, Instagram accounts. It talks to nobody.

One stand-in is for one channel. Answers have the shapes of developers.facebook.com/docs/graph-api.

- `/{version}/{node}` and `/{version}/{node}/{edge}` with `Authorization: Bearer`: messages, media, comments and what can be
  done to them, subscribed_apps, subscriptions, oauth/access_token. A token in the URL is refused, as ours must not stand there.
- `GET /_media/{id}`, with the token too: the bytes of a file. `POST /_media`: a file for customers to send.
- `POST /_comments` `{"id", "author", "text"?, "username"?, "parent"?}`: a comment, so that a private reply reaches its author.
- `GET /_sent`, and `/_faults`: see `sent_log` and `faults`.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from schemas.values import Json
from services.demo import graph_messages, graph_whatsapp
from services.demo.faults import Fault, FaultQueue, TruncatedResponse
from services.demo.forms import FormFile
from services.demo.graph_messages import Comment, Comments, MetaChannel
from services.demo.graph_nodes import GraphNodes
from services.demo.graph_requests import base_url, check_token, read_call
from services.demo.graph_shapes import GraphCall, GraphFiles, GraphRefusal, wrong_parameter
from services.demo.sent_log import SentLog

MENTIONED = re.compile(r"mentioned_comment\.comment_id\((\d+)\)")
UNLOGGED = frozenset({"media", "message_attachments", "subscribed_apps", "subscriptions"})
"""Edges of POST calls that send nothing: no fault happens to them."""
TOKEN_SECONDS = 5_184_000
"""60 days, as long as a refreshed token lives."""

Result = dict[str, Json]
Accept = Callable[[], Result]


@dataclass
class FakeGraph:
    """The state of a stand-in for one channel; `app` serves it. `own_id`: the account that `/me` is."""

    channel: MetaChannel
    own_id: str = ""
    log: SentLog = field(default_factory=SentLog)
    faults: FaultQueue = field(default_factory=FaultQueue)
    files: GraphFiles = field(default_factory=GraphFiles)
    comments: Comments = field(default_factory=Comments)
    nodes: GraphNodes = field(init=False)

    def __post_init__(self) -> None:
        self.nodes = GraphNodes(self.channel, self.own_id)

    @property
    def app(self) -> Starlette:
        """The ASGI app of this state."""
        return Starlette(
            routes=[
                Route("/_sent", self.log.show, methods=["GET"]),
                Route("/_faults", self.faults.change, methods=["GET", "POST", "DELETE"]),
                Route("/_comments", self._add_comment, methods=["POST"]),
                Route("/_media", self._add_file, methods=["POST"]),
                Route("/_media/{number}", self._show_file, methods=["GET"]),
                # Instagram renews tokens outside of any version.
                Route("/refresh_access_token", self._renew, methods=["GET"]),
                Route("/{version}/{node}", self._call, methods=["GET", "POST", "DELETE"]),
                Route("/{version}/{node}/{edge}", self._call, methods=["GET", "POST", "DELETE"]),
            ]
        )

    # -- calls of an app -----------------------------------------------------------------------------------------------

    async def _call(self, request: Request) -> Response | TruncatedResponse:
        try:
            call = await read_call(request)
            if call.node != "oauth":
                check_token(request)
            accept = self._handler(request.method, call)
            if request.method == "GET" or call.edge in UNLOGGED:
                return _json(accept())
            return await self._unless_fault(accept)
        except GraphRefusal as error:
            return _refused(error)

    def _handler(self, method: str, call: GraphCall) -> Accept:
        handle = _HANDLERS.get((method, call.edge or ""))
        if handle is None:
            raise GraphRefusal(100, f"Unsupported {method.lower()} request.", subcode=33)
        return lambda: handle(self, call)

    async def _unless_fault(self, accept: Accept) -> Response | TruncatedResponse:
        fault = self.faults.take()
        if fault is not None and fault.kind == "drop_before":
            return TruncatedResponse()
        if fault is not None and fault.kind != "drop_after":
            await _fail(fault, self.channel)
        result = accept()
        return _json(result) if fault is None else TruncatedResponse()

    def _send(self, call: GraphCall) -> Result:
        if self.channel == "whatsapp":
            return self._send_by_whatsapp(call)
        if call.values.get("sender_action") is not None:
            person, action = graph_messages.check_sender_action(call)
            self._add(call, {"action": action, "to": person, "payload": dict(call.object("payload"))})
            return {"recipient_id": person}
        message = graph_messages.check_message(call, self.channel, self.comments, self.files)
        if message.comment is not None:
            self.comments.answered.add(message.comment)
        number = self.log.next_number()
        answer = graph_messages.accepted(message.person, self.channel, number)
        item: Result = {"to": message.person, "text": message.text, "id": answer["message_id"]}
        self._add(call, {**item, "comment": message.comment, "body": dict(call.values)}, number)
        return answer

    def _send_by_whatsapp(self, call: GraphCall) -> Result:
        if call.text("messaging_product") != "whatsapp":
            raise wrong_parameter("The parameter messaging_product is required.")
        if call.values.get("status") is not None:
            self._add(call, {"action": graph_whatsapp.check_seen(call), "target": call.text("message_id")})
            return {"success": True}
        text, address = graph_whatsapp.check_message(call, self.files), graph_whatsapp.recipient(call)
        number = self.log.next_number()
        item: Result = {"to": address, "text": text, "id": graph_whatsapp.message_id(number), "body": dict(call.values)}
        self._add(call, item, number)
        return graph_whatsapp.accepted(address, number)

    def _upload(self, call: GraphCall) -> Result:
        takes = graph_whatsapp.upload if self.channel == "whatsapp" else graph_messages.upload
        return takes(call, self.files)

    def _reply_in_public(self, call: GraphCall) -> Result:
        if not call.text("message").strip():
            raise wrong_parameter("The parameter message is required")
        number = self.log.next_number()
        answer = f"{call.node.partition('_')[0]}_{9_000_000_000 + number}"
        self._add(call, {"in_reply_to": call.node, "text": call.text("message"), "id": answer}, number)
        return {"id": answer}

    def _change(self, call: GraphCall) -> Result:
        action = graph_messages.changed_comment(call)
        if action != "edit":
            change = self.comments.hidden.add if action == "hide" else self.comments.hidden.discard
            change(call.node)
        self._add(call, {"action": action, "target": call.node, "text": call.text("message")})
        return {"success": True}

    def _delete(self, call: GraphCall) -> Result:
        self._add(call, {"action": "delete", "target": call.node})
        return {"success": True}

    def _show(self, call: GraphCall) -> Result:
        mentioned = MENTIONED.search(call.text("fields"))
        if mentioned is not None:
            return {"mentioned_comment": self._comment(mentioned[1]), "id": call.node}
        if self.files.get(call.node) is not None:
            return self.files.describe(call.node, call.base_url)
        if call.node in self.comments.by_id:
            return self._comment(call.node)
        return self.nodes.show(call)

    def _comment(self, number: str) -> Result:
        comment = self.comments.by_id.get(number)
        if comment is None:
            raise GraphRefusal(100, f"Object with ID '{number}' does not exist", subcode=33)
        return self.comments.shape(comment, self.channel)

    def _show_comments(self, call: GraphCall) -> Result:
        found = [one for one in self.comments.by_id.values() if one.parent == call.node]
        return {"data": [self.comments.shape(one, self.channel) for one in found]}

    def _show_nothing(self, call: GraphCall) -> Result:
        return {"data": []}

    def _refresh(self, call: GraphCall) -> Result:
        token = f"EAAdemo{self.log.next_number():06d}"
        return {"access_token": token, "token_type": "bearer", "expires_in": TOKEN_SECONDS}

    def _add(self, call: GraphCall, item: Mapping[str, Json], number: int | None = None) -> None:
        self.log.add(number or self.log.next_number(), self.channel, {"account": call.node, **item})

    async def _renew(self, request: Request) -> Response:
        if (refused := _unauthorized(request)) is not None:
            return refused
        return _json(self._refresh(GraphCall("", None, {}, {}, base_url(request))))

    # -- routes for people and tests -----------------------------------------------------------------------------------

    async def _add_comment(self, request: Request) -> Response:
        stated = {str(name): str(value) for name, value in orjson.loads(await request.body()).items()}
        comment = Comment(**stated)
        self.comments.by_id[comment.id] = comment
        return _json(self.comments.shape(comment, self.channel))

    async def _add_file(self, request: Request) -> Response:
        media_type = request.headers.get("content-type", "application/octet-stream")
        number = self.files.add(FormFile("file", media_type, await request.body()))
        return _json(self.files.describe(number, base_url(request)))

    async def _show_file(self, request: Request) -> Response:
        if (refused := _unauthorized(request)) is not None:
            return refused
        file = self.files.get(request.path_params["number"])
        return Response("", 404) if file is None else Response(file.content, media_type=file.media_type)


_HANDLERS: Mapping[tuple[str, str], Callable[[FakeGraph, GraphCall], Result]] = {
    ("POST", "messages"): FakeGraph._send,
    ("POST", "media"): FakeGraph._upload,
    ("POST", "message_attachments"): FakeGraph._upload,
    ("POST", "comments"): FakeGraph._reply_in_public,
    ("POST", "replies"): FakeGraph._reply_in_public,
    ("POST", "subscribed_apps"): lambda graph, call: graph.nodes.subscribe(call),
    ("POST", "subscriptions"): lambda graph, call: graph.nodes.set_callback(call),
    ("POST", ""): FakeGraph._change,
    ("DELETE", ""): FakeGraph._delete,
    ("GET", ""): FakeGraph._show,
    ("GET", "comments"): FakeGraph._show_comments,
    ("GET", "replies"): FakeGraph._show_comments,
    ("GET", "subscribed_apps"): lambda graph, call: graph.nodes.show_subscribed(call),
    ("GET", "subscriptions"): lambda graph, call: graph.nodes.show_callbacks(call),
    ("GET", "access_token"): FakeGraph._refresh,
    ("POST", "access_token"): FakeGraph._refresh,
    ("GET", "refresh_access_token"): FakeGraph._refresh,
    **{
        ("GET", edge): FakeGraph._show_nothing
        for edge in ("feed", "media", "tags", "tagged", "ratings", "conversations")
    },
}


def _unauthorized(request: Request) -> Response | None:
    """The refusal of a call without a token; None: it has one."""
    try:
        check_token(request)
    except GraphRefusal as error:
        return _refused(error)
    return None


def _refused(error: GraphRefusal) -> Response:
    return _json(error.shape(), error.status, {"www-authenticate": "OAuth"} if error.status == 401 else {})


async def _fail(fault: Fault, channel: MetaChannel) -> None:
    match fault.kind:
        case "rate_limited":
            raise GraphRefusal(
                130429 if channel == "whatsapp" else 613, "(#613) Calls to this api have exceeded the rate limit."
            )
        case "blocked":
            raise GraphRefusal(131026 if channel == "whatsapp" else 551, "This person isn't available right now.")
        case "refused":
            raise GraphRefusal(fault.code, f"(#{fault.code}) refused by the stand-in", subcode=fault.subcode)
        case "hang":
            await asyncio.sleep(fault.seconds)
    raise GraphRefusal(1, "An unknown error occurred", status=500)


def _json(body: Json, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, dict(headers or {}), media_type="application/json")
