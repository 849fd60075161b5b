"""What a message of ours says, read from a request and checked: of a reply, and of a message that we write first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.commands import Reply, WriteFirst
from schemas.values import AgentLanguage, EncryptedText, Json, Surface
from services.platform.http.auth import Principal
from services.platform.http.service import Context
from services.records.agents import AgentRecord
from services.records.blobs import Blob
from services.rest.uploads import assign_files, to_outbound
from services.router import agents
from services.router.attachments import usable_files
from services.router.reply_guard import Guard, check_text, record_confirmed, require_may_confirm
from services.router.views import FirstMessageBody, ReplyBody, guarded_text, message_template


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedContent:
    """The content of a message to the customer of `key`. `files` are those that it names, in its order."""

    context: Context
    workspace: str
    key: str
    body: ReplyBody | FirstMessageBody
    caller: Principal
    guard: Guard
    agent: AgentRecord | None
    files: Mapping[str, Blob]

    def command_fields(self, language: AgentLanguage) -> Mapping[str, Any]:  # Any: fields of commands
        """The fields that a Reply and a WriteFirst have in common, but for the request's hash."""
        body = self.body
        return {
            "agent": body.agent,
            "agent_name": self.agent.body.name if self.agent else None,
            "text": EncryptedText(text=body.text or ""),
            "attachments": [to_outbound(identity, blob) for identity, blob in self.files.items()],
            "sensitive_kinds": self.guard.kinds_found,
            "confirmed_by": self.guard.confirmed_by(self.caller, confirm=body.confirm),
            "template": message_template(body),
            "language": language,
            "accepted_at": self.context.time_source.now(),
        }

    def hashed_fields(self) -> dict[str, Json]:
        """The fields by which a repeated request is known.

        Of the redacted text: a card number could be guessed from its hash. What is absent adds nothing.
        """
        body = self.body
        fields: dict[str, Json] = body.model_dump(mode="json", exclude=set() if body.confirm else {"confirm"})
        del fields["template"]
        # What was on the page is not what is sent: the same answer after another look is the same answer.
        fields.pop("after", None)
        if not body.attachments:
            # As earlier versions hashed it, so that a request that is repeated over an upgrade is still known.
            del fields["attachments"]
        template: Json = body.template.model_dump(mode="json", exclude={"parameters"}) if body.template else None
        return {**fields, "text": self.guard.masked, **({"template": template} if template else {})}

    async def admit(self, command: Reply | WriteFirst) -> None:
        """Check what may change between a request and its repeat, and give the files to the customer.

        Raises UnprocessableContent, Conflict, Unavailable, Unknown.
        """
        if command.agent is not None and self.agent is None:
            raise agents.unknown_agent(command.agent)
        self.guard.check(confirmed=self.body.confirm)
        await assign_files(self.context.store, self.files, self.key)
        record_confirmed(self.workspace, command.conversation if isinstance(command, Reply) else None, command)


async def check_content(
    context: Context, workspace: str, key: str, body: ReplyBody | FirstMessageBody, surface: Surface, caller: Principal
) -> CheckedContent:
    """The content of a request for a message on this surface. Raises Forbidden, UnprocessableContent, Unavailable."""
    guard = await check_text(context, workspace, guarded_text(body), surface)
    require_may_confirm(caller, confirm=body.confirm)
    return CheckedContent(
        context=context,
        workspace=workspace,
        key=key,
        body=body,
        caller=caller,
        guard=guard,
        agent=await agents.read_agent(context, workspace, body.agent) if body.agent else None,
        files=await usable_files(context, workspace, key, body.attachments),
    )
