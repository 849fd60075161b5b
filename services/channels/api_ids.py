"""The ids of the messages of the channel `api`."""

from services.platform.core.identifiers import hashed_id, is_derived_id


def message_id(workspace: str, channel: str, account: str, person: str, external_id: str) -> str:
    """The permanent id of a message. It includes the person, so that one person cannot edit another's message.

    The account is the scope in which the integrator names messages: one system writes to one account.
    """
    return hashed_id(workspace, channel, account, person, external_id)


def own_ids(external_id: str | None) -> list[str]:
    """The id, if it has the form of those that our replies are posted with: the router knows whether it is one."""
    return [external_id] if external_id is not None and is_derived_id(external_id) else []
