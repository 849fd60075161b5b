"""The greeting of a person who opens a bot: one text of the workspace, once, without a conversation."""

from collections.abc import Iterator
from dataclasses import replace

from schemas.activity import Activity
from schemas.configuration import WorkspaceConfiguration
from schemas.conversation import Author
from schemas.outbound import OutboundMessage
from schemas.values import EncryptedText, Json
from services.domain.channel_capabilities import ChannelCapabilities
from services.domain.conversation_state import Contact
from services.domain.sending_rules import Draft, Refused, recipient_for
from services.platform.processing.unit_of_work import UnitOfWork
from services.router.conversations.automatic import language_of_agents, log_held_back
from services.router.conversations.domain.accounts import account_language, account_of
from services.router.conversations.domain.plans import rules_for


def greet(
    work: UnitOfWork,
    person: Contact,
    activity: Activity,
    configuration: WorkspaceConfiguration | None,
    capabilities: ChannelCapabilities,
) -> Contact:
    """Send the greeting of the workspace in the person's language, once. Returns the contact as it is afterwards.

    Where the channel takes no automatic messages it is held back: only the log says so, since there is no conversation.
    """
    text = _text(activity, configuration)
    if text is None or person.greeted_at is not None or activity.surface != "private" or activity.address is None:
        return person
    language = language_of_agents(configuration)
    rules = rules_for(capabilities, activity.channel, activity.account, configuration, language, work.now)
    # Whoever opens a bot has just acted: that opens the windows of platforms that have them.
    recipient = recipient_for(person, activity.received_at)
    planned = rules.plan(Draft(surface="private", text=text, is_automatic=True), recipient, activity.address)
    if isinstance(planned, Refused):
        log_held_back(person.workspace, activity.channel, planned)
        return person
    identity = work.new_id("greeting")
    greeting = OutboundMessage(
        id=identity,
        # It belongs to no conversation. Its own id stands in for one, so that no receipt changes another conversation.
        conversation=identity,
        key=person.key,
        workspace=person.workspace,
        channel=activity.channel,
        account=activity.account,
        surface="private",
        address=activity.address,
        author=Author(kind="system"),
        text=EncryptedText(text=text),
        accepted_at=work.now,
        parts=planned.parts,
        window=planned.window,
        language=planned.language,
    )
    work.emit("pasokh.outbound.message", person.key, greeting)
    return replace(person, greeted_at=work.now)


def _text(activity: Activity, configuration: WorkspaceConfiguration | None) -> str | None:
    """`settings.greeting` of the account, else of the workspace: one text, or one per language."""
    if configuration is None:
        return None
    account = account_of(configuration, activity.channel, activity.account)
    general = configuration.profile.body.settings
    greeting: Json = (account.settings.get("greeting") if account else None) or (
        _plain(general.greeting) if general else None
    )
    if not isinstance(greeting, dict):
        return _text_or_none(greeting)
    # Last the languages of the greeting itself: any of its texts is better than none.
    languages = [*_languages(activity, configuration), *greeting]
    return next((text for language in languages if (text := _text_or_none(greeting.get(language)))), None)


def _plain(greeting: str | dict[str, str] | None) -> Json:
    return {**greeting} if isinstance(greeting, dict) else greeting


def _text_or_none(value: Json) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _languages(activity: Activity, configuration: WorkspaceConfiguration) -> Iterator[str]:
    code = activity.locale
    if code is not None:
        # Platforms give a tag such as `pt-BR`; the greeting may have `pt` alone.
        yield code
        yield code.split("-", 1)[0].split("_", 1)[0].lower()
    language = account_language(configuration, activity.channel, activity.account)
    if language is not None:
        yield language
    yield from configuration.profile.body.languages
