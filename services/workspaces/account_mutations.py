"""The mutations of accounts: credentials that are written as `"set"` keep their stored values. Pure."""

from collections.abc import Callable
from typing import Protocol

from pydantic import BaseModel

from schemas.configuration import AccountBody, Credential, Versioned, WorkspaceConfiguration
from services.platform.http.dependencies import Precondition
from services.platform.http.problems import NotFound, UnprocessableContent
from services.workspaces.configuration_update import Mutation, Revision
from services.workspaces.mutations import REDACTED, as_list, replace_parts, require_workspace, stored_version

SIGNING_CREDENTIAL = "identity_secret"
"""The credential with which a shop proves the identity of its visitors."""

CheckAccount = Callable[[AccountBody], list[tuple[str, str]]]
"""The problems of credentials and settings as (JSON pointer within the body, sentence); empty when valid."""


class AccountRules(Protocol):
    """What a channel demands of its accounts. Composition passes it in, because services import no channel."""

    @property
    def model(self) -> type[BaseModel]:
        """The model of an account's body. Its JSON Schema has an example."""

    def problems(self, body: AccountBody) -> list[tuple[str, str]]:
        """All that is wrong: (JSON pointer within the body, sentence); empty when valid."""

    def called_urls(self, body: AccountBody) -> list[tuple[str, str]]:
        """The addresses that we call, but `api_base`: (JSON pointer, address)."""

    def chosen_secrets(self, body: AccountBody) -> list[tuple[str, str]]:
        """The secrets that people choose: (JSON pointer, secret)."""


def put_account(workspace: str, name: str, body: AccountBody, condition: Precondition, check: CheckAccount) -> Mutation:
    """Connect an account, named `channel/account`, or replace it."""

    def edit(current: WorkspaceConfiguration | None, revision: Revision) -> WorkspaceConfiguration:
        current = require_workspace(workspace, current)
        earlier = current.accounts.get(name)
        condition.check(stored_version(earlier))
        complete = with_stored_credentials(body, earlier.body if earlier else None)
        if problems := check(complete):
            raise UnprocessableContent(*problems)
        if earlier is not None and earlier.body == complete:
            return current
        account = Versioned[AccountBody](
            body=complete,
            version=revision.version,
            at=revision.at,
            generation=_generation(complete, earlier, revision),
        )
        return replace_parts(current, revision, accounts={**current.accounts, name: account})

    return edit


def _generation(body: AccountBody, earlier: Versioned[AccountBody] | None, revision: Revision) -> int:
    """The generation of an account's visitor tokens: unchanged while each earlier identity secret is still listed.

    A new generation, the time in microseconds, ends the tokens that a removed secret may have signed.
    """
    if earlier is not None and _identity_secrets(earlier.body) <= _identity_secrets(body):
        return earlier.generation
    return int(revision.at.timestamp() * 1_000_000)


def _identity_secrets(body: AccountBody) -> frozenset[str]:
    secrets: object = body.credentials.get(SIGNING_CREDENTIAL, ())
    return frozenset(
        [secrets] if isinstance(secrets, str) else map(str, secrets) if isinstance(secrets, list | tuple) else ()
    )


def with_stored_credentials(body: AccountBody, earlier: AccountBody | None) -> AccountBody:
    """The body in which each `"set"` is replaced by what is stored. Raises UnprocessableContent.

    `"set"` alone stands for the whole credential. In a list, the first `"set"` stands for the newest stored value, the second
    for the one before it: `["new", "set"]` rotates a secret without knowing the old one.
    """
    # A client that reads an account, changes its name and writes it back sends `set` for each credential.
    stored = earlier.credentials if earlier else {}
    credentials = {name: _with_stored(value, stored.get(name)) for name, value in body.credentials.items()}
    missing = [pointer for name, value in credentials.items() for pointer in _pointers_to_redacted(name, value)]
    if missing:
        sentence = 'There is no earlier value that "set" could stand for; give the credential itself.'
        raise UnprocessableContent(*[(pointer, sentence) for pointer in missing])
    return body.model_copy(update={"credentials": credentials})


def _with_stored(value: Credential, stored: Credential | None) -> Credential:
    """A credential with each `"set"` replaced by a stored value. Where none is left, `"set"` remains."""
    if value == REDACTED:
        return REDACTED if stored is None else stored
    if not isinstance(value, list):
        return value
    earlier_values = iter(as_list(stored))
    return [next(earlier_values, REDACTED) if item == REDACTED else item for item in value]


def _pointers_to_redacted(name: str, value: Credential) -> list[str]:
    if not isinstance(value, list):
        return [f"/credentials/{name}"] if value == REDACTED else []
    return [f"/credentials/{name}/{index}" for index, item in enumerate(value) if item == REDACTED]


def delete_account(workspace: str, name: str, condition: Precondition) -> Mutation:
    """Disconnect an account. Raises NotFound."""

    def edit(current: WorkspaceConfiguration | None, revision: Revision) -> WorkspaceConfiguration:
        current = require_workspace(workspace, current)
        if name not in current.accounts:
            raise no_account(name)
        condition.check(current.accounts[name].version)
        remaining = {other: account for other, account in current.accounts.items() if other != name}
        return replace_parts(current, revision, accounts=remaining)

    return edit


def no_account(name: str) -> NotFound:
    return NotFound(f"There is no account {name!r} in this workspace.")
