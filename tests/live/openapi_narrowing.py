"""What an OpenAPI document cannot say, said for one installation: which ids exist, which values go together.

A request made of the document as it is would mostly be told 404, or 422 for a team that nobody made. In the narrowed
document a valid request is one that this installation takes, so that refusing it is a finding; an invalid one stays
invalid under the whole document, so that taking it is a finding too.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.live.installation import SECRET

# Any: an OpenAPI document is JSON that says whatever it says.
Document = dict[str, Any]

ENDLESS = (
    "/v1/workspaces/{workspace}/events",
    "/v1/workspaces/{workspace}/inbox/stream",
    "/webchat/{workspace}/{account}/stream",
)
"""Streams of server-sent events: an answer without an end."""
ONCE = ("/v1/desk/first-run",)
"""Takes a code that works once, and that only a terminal makes."""
ACTING = (
    *("ReplyBody", "EditBody", "MessageActionBody", "ReactBody", "ClaimBody", "AcceptBody", "DeclineBody"),
    "CallBody",
)
"""Bodies that have to name the agent who acts, for a key that is bound to none."""
ZONES = ("UTC", "Asia/Tehran", "Europe/Riga")
PUBLIC_URL = "https://hooks.example/pasokh"
CURVE_POINT = "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU="


@dataclass(frozen=True, slots=True)
class Known:
    """Ids of an installation by the parameter that names them, and a cursor by the path of its list."""

    ids: Mapping[str, Sequence[str]]
    cursors: Mapping[str, str]


def narrowed(document: Document, known: Known) -> Document:
    """A copy of the document for requests to this installation, without paths that no request can try again and again."""
    found = copy.deepcopy(document)
    for path in (*ENDLESS, *ONCE):
        del found["paths"][path]
    for path, operations in found["paths"].items():
        for method in operations.keys() - {"parameters"}:
            operations[method]["parameters"] = list(_parameters(path, operations, operations[method], known))
    for path in found["paths"]:
        found["paths"][path].pop("parameters", None)
    schemas = found["components"]["schemas"]
    schemas["Escalation"]["required"] = ["priority"]
    for name in ("ReplyBody", "FirstMessageBody", "MessageBody", "NoteBody"):
        schemas[name]["required"] = sorted({*schemas[name].get("required", []), "text"})
    for name in ACTING:
        schemas[name]["required"] = sorted({*schemas[name].get("required", []), "agent"})
    # The accounts of requests are this channel's, as the channel in their path is.
    schemas["AccountBody"]["anyOf"] = [{"$ref": "#/components/schemas/TelegramAccount"}]
    for name, fields in _bodies(known).items():
        schemas[name]["properties"].update(fields)
    for name, replaced in _whole(known).items():
        schemas[name] = {"type": "object", "additionalProperties": False, **replaced}
    return found


def _parameters(path: str, shared: Document, operation: Document, known: Known) -> Iterator[Document]:
    for one in [*shared.get("parameters", []), *operation.get("parameters", [])]:
        name, place = one["name"], one["in"]
        if name == "channel" and place == "path":
            # Each channel has credentials of its own; those of the body are this one's.
            yield {**one, "schema": _one_of(known.ids["channel"])}
        elif place == "path" and name in known.ids:
            yield {**one, "example": known.ids[name][0]}
        elif name == "cursor":
            if path in known.cursors:
                yield {**one, "schema": _one_of([known.cursors[path]])}
        elif name == "agent" and place == "query" and "/inbox" in path:
            # The key of these requests is bound to no agent: it has to say whose inbox.
            yield {**one, "required": True, "schema": _one_of(known.ids["agent"])}
        elif path.endswith("/reports/kpis") and name in ("from", "to"):
            yield {**one, "schema": _one_of(["2026-11-01T00:00:00Z" if name == "from" else "2026-12-01T00:00:00Z"])}
        elif name == "updated_since":
            # Years are from 1970 to 2100 (docs/api.md), of which `date-time` knows nothing.
            yield {
                **one,
                "schema": _one_of(["1970-01-02T00:00:00Z", "2026-11-01T00:00:00+03:30", "2100-12-30T00:00:00Z"]),
            }
        else:
            yield one


def _bodies(known: Known) -> Mapping[str, Mapping[str, Document]]:
    """Fields that name what must exist, or that have a rule which JSON Schema has no word for."""
    # Of all teams only this one is in every workspace, those too that some request made.
    agents, teams = known.ids["agent"], ["default"]
    skills = {"type": "object", "additionalProperties": {"type": "integer", "minimum": 1, "maximum": 5}}
    never_matches = {name: _one_of([None]) for name in ("tag", "tier")}
    text = {"type": "string", "minLength": 1, "maxLength": 65536, "pattern": r"\S"}
    acting = {"agent": _one_of([*agents, None])}
    return {
        "AgentBody": {"teams": {"type": "array", "minItems": 1, "items": _one_of(teams)}},
        "WorkspaceBody": {"timezone": _one_of(ZONES)},
        "KeyBody": {"workspace": _one_of([*known.ids["workspace"], None]), "agent": _one_of([None])},
        "SignInBody": {"scopes": _one_of([["desk"], ["admin"]])},
        "Calendar": {
            "timezone": _one_of(ZONES),
            "hours": _one_of([{"mon": [["09:00", "17:00"]], "fri": []}]),
            "holidays": _one_of([[], ["2026-03-21"]]),
        },
        "Escalation": {"priority": _one_of(["urgent", "high"]), "team": _one_of([*teams, None])},
        "Match": never_matches,
        "SlaMatch": {"team": _one_of([*teams, None]), **never_matches},
        "SlaBody": {"policies": {"type": "array", "maxItems": 1, "items": {"$ref": "#/components/schemas/Policy"}}},
        "RuleActions": {
            "team": _one_of(teams),
            "skills": {**skills, "propertyNames": _one_of(["vip", "lang:{language}"])},
        },
        # A file would have to be uploaded before, and a text may be left out only where one is there.
        "ReplyBody": {"agent": _one_of(agents), "attachments": _one_of([[]]), "text": text},
        "FirstMessageBody": {"text": text},
        "MessageBody": {"attachments": _one_of([[]]), "text": {**text, "maxLength": 10000}},
        **{name: {"agent": _one_of(agents)} for name in ACTING if name != "ReplyBody"},
        "ResolveBody": acting,
        "ReopenBody": acting,
        "PriorityBody": acting,
        "NoteBody": {**acting, "attachments": _one_of([[]]), "text": text, "mentions": _one_of([[], agents])},
        "ReapplyBody": acting,
        "JoinBody": {**acting, "persons": _one_of([known.ids["person"][:2]])},
        "PartBody": {**acting, "persons": _one_of([known.ids["person"][:1]])},
        "UnsnoozeBody": acting,
        "WebhookBody": {
            "url": _one_of([PUBLIC_URL]),
            "secret": _one_of([None]),
            "types": {"type": "array", "minItems": 1, "items": _one_of(["pasokh.", "pasokh.sla."]), "maxItems": 5},
        },
        "TelegramAccount": {
            "api_base": _one_of([None]),
            "credentials": _exactly({"bot_token": _one_of(["7000001:AAtest"]), "secret_token": _one_of([SECRET])}),
            "settings": {**_exactly({"username": _one_of(["example_shop_bot"])}), "required": []},
        },
        "PushBody": {"endpoint": _one_of(["https://push.example/a-browser"])},
        # The point that a browser would give is one of the curve P-256: here its generator (SEC 2, section 2.4.2).
        "PushKeys": {"p256dh": _one_of([CURVE_POINT]), "auth": _one_of(["AAAAAAAAAAAAAAAAAAAAAA"])},
        "SessionBody": {"identity": _one_of([None]), "handoff": _one_of([None])},
    }


def _whole(known: Known) -> Mapping[str, Document]:
    """Bodies in which one field excludes another."""
    since, until = "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"
    agents, teams = known.ids["agent"], known.ids["team"]
    return {
        "TransferBody": {
            "properties": {"agent": _one_of([*agents, None]), "to_team": _one_of([*teams, "default"])},
            "required": ["to_team"],
        },
        "SnoozeBody": {
            "properties": {
                "agent": _one_of([*agents, None]),
                "for_seconds": {"type": "number", "minimum": 1, "maximum": 86400},
                "wake_on_reply": {"type": "boolean"},
            },
            "required": ["for_seconds"],
        },
        "ReadBody": {
            "properties": {"agent": _one_of(agents), "unread": _one_of([True])},
            "required": ["agent", "unread"],
        },
        "DeskSessionBody": {
            "properties": {"key": _one_of(known.ids["key of an agent"]), "shared_computer": {"type": "boolean"}},
            "required": ["key"],
        },
        "ReplayBody": {
            "properties": {"since": _one_of([since]), "until": _one_of([until, None])},
            "required": ["since"],
        },
    }


def _one_of(values: Sequence[Any]) -> Document:
    return {"enum": list(values)}


def _exactly(properties: Document) -> Document:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
