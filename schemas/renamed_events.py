"""Event types and fields that had another name in an earlier version. Old events are decoded by this table.

The log keeps events for a week and cannot be rewritten, so decoding translates them; the migration of stored documents
uses the same table. An entry stays for two minor releases and at least a month. All entries are older than version
0.1.0.
"""

from collections.abc import Mapping

from schemas.values import Json

RENAMED_EVENT_TYPES: Mapping[str, str] = {
    "pasokh.command.mind_due": "pasokh.command.task_due_changed",
    "pasokh.command.ask_proof": "pasokh.command.request_verification",
    "pasokh.command.continue": "pasokh.command.merge_conversation",
    "pasokh.command.replan": "pasokh.command.reroute",
    "pasokh.command.reapply": "pasokh.command.reapply_sla",
    "pasokh.command.priority": "pasokh.command.set_priority",
    "pasokh.command.note": "pasokh.command.add_note",
    "pasokh.routing.task_given": "pasokh.routing.task_force_assigned",
    "pasokh.routing.reapply": "pasokh.routing.reapply_sla",
    "pasokh.control.due": "pasokh.control.watermark_request",
    "pasokh.control.tick": "pasokh.control.watermark",
    "pasokh.control.account_written": "pasokh.control.account_changed",
    "pasokh.control.account_held": "pasokh.control.account_sending_changed",
    "pasokh.control.look_at_accounts": "pasokh.control.check_accounts",
    "pasokh.control.workspace": "pasokh.control.workspace_gate",
    "pasokh.control.dead_letter": "pasokh.control.dead_letter_action",
}
"""Old type → current type."""

RENAMED_EVENT_FIELDS: Mapping[str, Mapping[str, str]] = {
    "pasokh.command.reply": {"found": "sensitive_kinds"},
    "pasokh.command.claim_handoff": {"own": "own_conversation"},
    "pasokh.command.request_verification": {"case": "target_conversation", "words": "phrase"},
    "pasokh.command.merge_conversation": {"case": "into"},
    "pasokh.routing.task_changed": {"undue": "clear_due"},
    "pasokh.delivery.sent": {"asked": "requested_address"},
}
"""Current type → old field of `data` → current field."""


def current_type(event_type: str) -> str:
    """The current name of an event type."""
    return RENAMED_EVENT_TYPES.get(event_type, event_type)


def current_data(event_type: str, data: Mapping[str, Json]) -> dict[str, Json]:
    """The data of an event with the current field names. `event_type` is the current type."""
    names = RENAMED_EVENT_FIELDS.get(event_type, {})
    return {names.get(field, field): value for field, value in data.items()}
