"""The mutations of webhook subscriptions: a configuration and a revision in, a new one or a problem out. Pure."""

from datetime import datetime, timedelta

from schemas.configuration import Versioned, WorkspaceConfiguration
from schemas.events import FACTS as FACT_TYPES
from schemas.webhooks import Webhook, WebhookBody
from services.platform.core.settings import Settings
from services.platform.http.client_address import validate_callback_url
from services.platform.http.dependencies import Precondition
from services.platform.http.problems import Conflict, NotFound, UnprocessableContent
from services.platform.http.standard_webhooks import decode_secret
from services.workspaces.configuration_update import Mutation, Revision
from services.workspaces.mutations import REDACTED, replace_parts, require_workspace, stored_version

MAX_WEBHOOKS = 100
SECRET_ROTATION_PERIOD = timedelta(hours=24)
"""How long the earlier secret signs too, after a new one was written."""


def put_webhook(workspace: str, webhook: str, body: WebhookBody, condition: Precondition, new_secret: str) -> Mutation:
    """Create a subscription, or replace it. `new_secret` is for one that has none in the body nor from before."""

    def edit(current: WorkspaceConfiguration | None, revision: Revision) -> WorkspaceConfiguration:
        current = require_workspace(workspace, current)
        earlier = current.webhooks.get(webhook)
        condition.check(stored_version(earlier))
        if earlier is None and len(current.webhooks) >= MAX_WEBHOOKS:
            raise Conflict(f"A workspace has at most {MAX_WEBHOOKS} webhooks. Delete one first.")
        if earlier is None and body.secret == REDACTED:
            raise UnprocessableContent(
                ("/secret", 'There is no earlier value that "set" could stand for; leave it out.')
            )
        full = _with_secrets(body, earlier.body if earlier else None, new_secret, revision.at)
        # A new version even when nothing changed: an endpoint that answered 410 to the last version is called again.
        after = Versioned[Webhook](body=full, version=revision.version, at=revision.at)
        return replace_parts(current, revision, webhooks={**current.webhooks, webhook: after})

    return edit


def _with_secrets(body: WebhookBody, earlier: Webhook | None, new_secret: str, at: datetime) -> Webhook:
    """The subscription with the secret that signs from now on, and the one that still signs too."""
    if earlier is None:
        return Webhook(url=body.url, types=body.types, secret=body.secret or new_secret)
    if body.secret in (None, REDACTED, earlier.secret):
        return earlier.model_copy(update={"url": body.url, "types": body.types})
    return Webhook(
        url=body.url,
        types=body.types,
        secret=body.secret or earlier.secret,
        previous=earlier.secret,
        previous_until=at + SECRET_ROTATION_PERIOD,
    )


def delete_webhook(workspace: str, webhook: str, condition: Precondition) -> Mutation:
    """Delete a subscription. Raises NotFound."""

    def edit(current: WorkspaceConfiguration | None, revision: Revision) -> WorkspaceConfiguration:
        current = require_workspace(workspace, current)
        if webhook not in current.webhooks:
            raise no_webhook(webhook)
        condition.check(current.webhooks[webhook].version)
        left = {name: subscription for name, subscription in current.webhooks.items() if name != webhook}
        return replace_parts(current, revision, webhooks=left)

    return edit


def check_body(body: WebhookBody, settings: Settings) -> None:
    """Raises UnprocessableContent for an address we do not call, a type that no fact has, or a secret that is none."""
    wrong = validate_callback_url("/url", body.url, settings)
    wrong += [
        (f"/types/{index}", f"No fact has a type that begins with {prefix!r}.")
        for index, prefix in enumerate(body.types)
        if not any(fact_type.startswith(prefix) for fact_type in FACT_TYPES)
    ]
    if body.secret not in (None, REDACTED):
        try:
            decode_secret(body.secret or "")
        except ValueError as error:
            wrong.append(("/secret", f"Not valid: {error}."))
    if wrong:
        raise UnprocessableContent(*wrong)


def no_webhook(webhook: str) -> NotFound:
    """The problem of a subscription that does not exist."""
    return NotFound(f"There is no webhook {webhook!r} in this workspace.")
