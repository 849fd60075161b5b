"""Builds an example of every body from its schema and from realistic values."""

from collections.abc import Mapping
from typing import Any

# Any: schemas and examples are JSON.
Schema = Mapping[str, Any]
MAX_DEPTH = 6

BODIES: Mapping[str, Any] = {
    "WorkspaceBody": {"name": "Blue Shop", "languages": ["fa", "en"], "timezone": "Asia/Tehran"},
    "TeamBody": {"name": "Support"},
    "AgentBody": {"name": "Sara", "teams": ["support"], "skills": {"lang:fa": 5, "refunds": 3}, "capacity": 4},
    "PresenceBody": {"status": "online"},
    "RoutingBody": {
        "rules": [
            {
                "when": {"intent": ["refund", "payment"]},
                "then": {"team": "payments", "skills": {"lang:{language}": 2}, "priority": "high"},
            },
            {"then": {"team": "support", "skills": {"lang:{language}": 1}}},
        ]
    },
    "SlaBody": {
        "policies": [
            {
                "id": "everyone",
                "targets": {"first_response_seconds": 300, "resolution_seconds": 86400},
                "warn_at": [0.5, 0.8],
                "escalate": {"on": "breached", "priority": "urgent"},
            }
        ]
    },
    "KeyBody": {"name": "Our help desk", "workspace": "blue", "scopes": ["write"]},
    "DeskSessionBody": {"code": "Zk3v0V9bq1uJ5m2s8yQwT4nR7xLcE6dA0fHgPiKjOuM"},
    "SignInBody": {"scopes": ["desk"]},
    "WebhookBody": {"url": "https://desk.example/hooks", "types": ["pasokh.conversation."]},
    "ReplayBody": {"since": "2026-03-02T09:00:00Z"},
    "ReplyBody": {"agent": "sara", "text": "Your parcel left this morning."},
    "EditBody": {"agent": "sara", "text": "Your parcel leaves tomorrow morning."},
    "MessageActionBody": {"agent": "sara"},
    "ReactBody": {"agent": "sara", "emoji": "👍"},
    "CannedBody": {
        "title": "Where is my parcel?",
        "text": "Hello {customer.name}, your parcel {parcel number} is on its way.",
        "language": "en",
        "shortcut": "parcel",
    },
    "SignalBody": {"agent": "sara", "typing": "reply"},
    "PushBody": {
        "endpoint": "https://push.example/wpush/v2/gAAAA",
        "keys": {
            "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            "auth": "BTBZMqHH6r4Tts7J_aSIgg",
        },
        "language": "fa",
    },
    "JoinBody": {"agent": "sara", "persons": ["telegram:main:4711", "email:support:neda@example.com"]},
    "PartBody": {"agent": "sara", "persons": ["email:support:neda@example.com"]},
    "NoteBody": {"agent": "sara", "text": "Called the carrier: it is on its way."},
    "ResolveBody": {"agent": "sara"},
    "ReopenBody": {"agent": "sara"},
    "ReapplyBody": {"agent": "sara"},
    "PriorityBody": {"agent": "sara", "priority": "high"},
    "TransferBody": {"agent": "sara", "to_team": "payments"},
    "SessionBody": {"language": "fa", "name": "Neda"},
    "ContactBody": {"email": "neda@example.com", "consent": True},
    "MessageBody": {"id": "0191e0f2-7d1c-4b7e-9a55-2f6b1c3d4e5f", "text": "Where is my order?"},
}
"""Examples of request bodies, by model."""

VALUES: Mapping[str, Any] = {
    "account": "main",
    "agent": "sara",
    "channel": "telegram",
    "code": "finished",
    "conversation": "01954c3e-8f00-7000-8a5b-3c1d9e7f2a44",
    "detail": "The conversation is resolved. Reopen it, or wait for the customer to write again.",
    "id": "01954c3e-8f00-7000-8a5b-3c1d9e7f2a44",
    "intent": "refund",
    "language": "fa",
    "languages": ["fa", "en"],
    "name": "Sara",
    "person": "telegram:main:4711",
    "platform_id": "815",
    "pointer": "/text",
    "policy": "everyone",
    "rule": "rule 1",
    "sentiment": "neutral",
    "skills": {"lang:fa": 5},
    "summary": "Assigned to sara (Sara): speaks fa (5 of at least 1), 1 of 4 units in use, the only eligible agent in team "
    "support.",
    "team": "support",
    "teams": ["support"],
    "text": "Where is my order?",
    "timezone": "Asia/Tehran",
    "title": "Conversation is finished",
    "webhook_path": "/webhooks/telegram/blue/main",
    "workspace": "blue",
}
"""Examples of fields, by name, where the schema allows them."""
FORMATS: Mapping[str, Any] = {
    "date-time": "2026-03-02T09:00:00.000000Z",
    "date": "2026-03-21",
    "uuid": "0191e0f2-7d1c-4b7e-9a55-2f6b1c3d4e5f",
}
PLAIN: Mapping[str, Any] = {"string": "text", "integer": 1, "number": 1.0, "boolean": False, "null": None}


def example_for(schema: Schema, schemas: Mapping[str, Schema], name: str = "", depth: int = 0) -> Any:
    """A value that is valid by the schema. `schemas` are the components that it refers to, by name."""
    if "$ref" in schema:
        model = str(schema["$ref"]).rsplit("/", 1)[-1]
        return BODIES.get(model) or example_for(schemas[model], schemas, name, depth + 1)
    for known in ("const", "default"):
        if schema.get(known) is not None:
            return schema[known]
    if "enum" in schema:
        return schema["enum"][0]
    options = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if options:
        return example_for(next((o for o in options if o.get("type") != "null"), options[0]), schemas, name, depth)
    return _typed(schema, schemas, name, depth)


def _typed(schema: Schema, schemas: Mapping[str, Schema], name: str, depth: int) -> Any:
    kind = schema.get("type")
    if kind == "object":
        return _object(schema, schemas, name, depth)
    if kind == "array":
        return _array(schema, schemas, name, depth)
    if kind == "string" and schema.get("format") in FORMATS:
        return FORMATS[schema["format"]]
    if kind == "string" and isinstance(VALUES.get(name), str):
        return VALUES[name]
    if kind in ("integer", "number"):
        return max(schema.get("minimum", 1), 1)
    return PLAIN.get(str(kind), {})


def _object(schema: Schema, schemas: Mapping[str, Schema], name: str, depth: int) -> Any:
    if isinstance(VALUES.get(name), dict):
        return VALUES[name]
    fields = schema.get("properties", {})
    # Models refer to each other; beyond this depth only what the schema requires is in the example.
    names = fields if depth < MAX_DEPTH else schema.get("required", ())
    return {field: example_for(fields[field], schemas, field, depth + 1) for field in names}


def _array(schema: Schema, schemas: Mapping[str, Schema], name: str, depth: int) -> Any:
    if isinstance(VALUES.get(name), list):
        return VALUES[name]
    if "prefixItems" in schema:
        return [example_for(one, schemas, "", depth + 1) for one in schema["prefixItems"]]
    return [example_for(schema["items"], schemas, name.removesuffix("s"), depth + 1)] if schema.get("items") else []
