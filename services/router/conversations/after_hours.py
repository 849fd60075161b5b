"""Tells a customer who writes while it is closed when somebody is back, once in a conversation."""

from dataclasses import replace

from schemas.activity import Activity
from schemas.configuration import AfterHours, WorkspaceConfiguration
from services.domain.conversation_state import Contact, ConversationState
from services.domain.opening_hours import calendar_of
from services.platform.processing.unit_of_work import UnitOfWork
from services.router.conversations.automatic import language_of_agents
from services.router.conversations.context import ActivityContext
from services.router.conversations.domain.accounts import account_language
from services.router.conversations.domain.after_hours import closed_text, is_to_be_told
from services.router.conversations.domain.handoff import WEBCHAT
from services.router.conversations.domain.plans import channel_of, rules_for
from services.router.conversations.domain.silence import settings_of
from services.router.conversations.notices import notify

DEFAULTS = AfterHours()


def tell_closed(
    work: UnitOfWork, case: ConversationState, activity: Activity, person: Contact, activity_context: ActivityContext
) -> None:
    """Tell the customer when it opens, if it is closed and they wrote in private.

    In a chat of a web page, which they may close, they are asked for an e-mail address, unless we know one.
    """
    configuration = activity_context.configuration
    calendar = calendar_of(configuration, case.team, f"{case.channel}/{case.account}")
    # First what costs nothing: most workspaces have no calendar, and most messages come while it is open.
    if configuration is None or calendar is None or activity.surface != "private":
        return
    if not is_to_be_told(case, calendar, work.now):
        return
    settings = settings_of(configuration, case.team).after_hours or DEFAULTS
    if not settings.message:
        return
    asks_email = case.channel == WEBCHAT and person.email is None
    languages = [case.language, activity.language, *_languages(configuration, case)]
    text = closed_text(settings, calendar, languages, work.now, asks_email=asks_email)
    told = replace(case, after_hours_at=work.now)
    channel, account = channel_of(told, told.addresses.get("private"))
    language = language_of_agents(configuration)
    rules = rules_for(activity_context.capabilities, channel, account, configuration, language, work.now)
    notify(work, told, text, "private", rules)


def _languages(configuration: WorkspaceConfiguration, case: ConversationState) -> list[str | None]:
    of_account = account_language(configuration, case.channel, case.account)
    return [of_account, *configuration.profile.body.languages]
