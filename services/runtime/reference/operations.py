"""What operations are called in generated clients: camelCase verbs, the same for ever. And the tags they stand under."""

from collections.abc import Mapping

_W = "/v1/workspaces/{workspace}"
_C = f"{_W}/conversations/{{conversation}}"

OPERATION_IDS: Mapping[tuple[str, str], str] = {
    ("GET", "/livez"): "checkLiveness",
    ("GET", "/readyz"): "checkReadiness",
    ("GET", "/metrics"): "readMetrics",
    ("GET", "/v1/dead-letters"): "listDeadLetters",
    ("POST", "/v1/dead-letters/{dead_letter}/drop"): "dropDeadLetter",
    ("POST", "/v1/dead-letters/{dead_letter}/retry"): "retryDeadLetter",
    ("GET", "/v1/keys"): "listKeys",
    ("POST", "/v1/keys"): "createKey",
    ("DELETE", "/v1/keys/{key}"): "deleteKey",
    ("GET", "/v1/workspaces"): "listWorkspaces",
    ("GET", _W): "getWorkspace",
    ("PUT", _W): "putWorkspace",
    ("DELETE", _W): "deleteWorkspace",
    ("GET", f"{_W}/accounts"): "listAccounts",
    ("GET", f"{_W}/accounts/{{channel}}/{{account}}"): "getAccount",
    ("PUT", f"{_W}/accounts/{{channel}}/{{account}}"): "putAccount",
    ("DELETE", f"{_W}/accounts/{{channel}}/{{account}}"): "deleteAccount",
    ("GET", f"{_W}/agents"): "listAgents",
    ("GET", f"{_W}/agents/{{agent}}"): "getAgent",
    ("PUT", f"{_W}/agents/{{agent}}"): "putAgent",
    ("DELETE", f"{_W}/agents/{{agent}}"): "deleteAgent",
    ("GET", f"{_W}/agents/{{agent}}/presence"): "getPresence",
    ("PUT", f"{_W}/agents/{{agent}}/presence"): "putPresence",
    ("GET", f"{_W}/commands/{{command}}"): "getCommand",
    ("GET", f"{_W}/conversations"): "listConversations",
    ("GET", _C): "getConversation",
    ("GET", f"{_C}/clocks"): "listClocks",
    ("GET", f"{_C}/decisions"): "listDecisions",
    ("GET", f"{_C}/events"): "listConversationEvents",
    ("GET", f"{_C}/messages"): "listMessages",
    ("POST", f"{_C}/notes"): "addNote",
    ("POST", f"{_C}/priority"): "setPriority",
    ("POST", f"{_C}/reopen"): "reopenConversation",
    ("POST", f"{_C}/replies"): "replyToConversation",
    ("POST", f"{_C}/resolve"): "resolveConversation",
    ("POST", f"{_C}/sla/reapply"): "reapplySlaToConversation",
    ("POST", f"{_C}/transfer"): "transferConversation",
    ("POST", f"{_C}/handoff/clear"): "clearHandoff",
    ("POST", f"{_C}/handoff/confirm"): "confirmHandoff",
    ("GET", f"{_W}/events"): "streamEvents",
    ("GET", f"{_W}/persons/{{person}}"): "getPerson",
    ("GET", f"{_W}/reports/kpis"): "getKpis",
    ("GET", f"{_W}/routing"): "getRouting",
    ("PUT", f"{_W}/routing"): "putRouting",
    ("GET", f"{_W}/sla"): "getSla",
    ("PUT", f"{_W}/sla"): "putSla",
    ("POST", f"{_W}/sla/reapply"): "reapplySla",
    ("GET", f"{_W}/teams"): "listTeams",
    ("GET", f"{_W}/teams/{{team}}"): "getTeam",
    ("PUT", f"{_W}/teams/{{team}}"): "putTeam",
    ("DELETE", f"{_W}/teams/{{team}}"): "deleteTeam",
    ("GET", f"{_W}/webhooks"): "listWebhooks",
    ("GET", f"{_W}/webhooks/{{webhook}}"): "getWebhook",
    ("PUT", f"{_W}/webhooks/{{webhook}}"): "putWebhook",
    ("DELETE", f"{_W}/webhooks/{{webhook}}"): "deleteWebhook",
    ("GET", f"{_W}/webhooks/{{webhook}}/deliveries"): "listWebhookDeliveries",
    ("POST", f"{_W}/webhooks/{{webhook}}/replay"): "replayWebhook",
    ("POST", "/webchat/{workspace}/{account}/sessions"): "openChatSession",
    ("GET", "/webchat/{workspace}/{account}/messages"): "listChatMessages",
    ("POST", "/webchat/{workspace}/{account}/messages"): "writeChatMessage",
    ("GET", "/webchat/{workspace}/{account}/stream"): "streamChat",
    ("POST", "/webhooks/{channel}/{workspace}/{account}"): "receivePlatformWebhook",
    ("GET", "/webhooks/{channel}/{workspace}/{account}"): "answerPlatformHandshake",
}

TAGS: Mapping[str, str] = {
    "configuration": "Workspaces, their accounts, teams, routing rules and SLA policies. Written over REST, in force at once.",
    "agents": "Who answers, what they can, and whether they take work now.",
    "conversations": "Cases of customers: what was said, who has it and why, what was promised; and what agents do.",
    "events": "Facts as they happen, as a stream that can be left and taken up again.",
    "overview": "What goes on now, as the live page shows it: counted by the server, at most a second old.",
    "reports": "Exact figures of any time.",
    "webhooks": "Calls in from platforms, and signed calls out to systems of one's own.",
    "webchat": "For browsers: a visitor's own conversation.",
    "keys": "API keys: made once, shown once, limited to a workspace and to scopes.",
    "dead letters": "Events that could not be handled, for operators.",
    "operations": "Whether the process works, and what it counts.",
}


def operation_id(method: str, path: str, name: str) -> str:
    """What an operation is called; one that is not in the table is called as its function is."""
    first, *rest = name.split("_")
    return OPERATION_IDS.get((method, path)) or first + "".join(word.title() for word in rest)
