"""The erasure of a person: what the owners of their documents are told to do, and the fact that it was done."""

from typing import Annotated, Literal

from schemas.values import OMITTED_IF_EMPTY, Contract, Instant

ErasureStep = Literal["close", "messages", "conversations"]
"""What the owner of a person's conversations does, in this order: end those that are open; empty their messages; empty the
conversations, and delete what is known of the person."""


class ErasePerson(Contract):
    """`pasokh.command.erase_person` (key of the person): a page of a step of the erasure with the id `erasure`.

    `pseudonym` is written as a person is, and lies in the same partition. A page that is repeated changes nothing more. `by` is the
    id of the API key that asked for it. `after` is where the page begins, None: at the beginning. `conversations` are the ids of
    those that were emptied so far.
    """

    erasure: str
    step: ErasureStep
    pseudonym: str
    by: str | None = None
    at: Instant
    after: Annotated[str | None, OMITTED_IF_EMPTY] = None
    conversations: Annotated[list[str], OMITTED_IF_EMPTY] = []


class EraseTraces(Contract):
    """`pasokh.command.erase_traces` (key of another customer): delete what an erased person left in that customer's conversations.

    `person` and `pseudonym` are written as persons are. `addresses` are the mail addresses of the person, by which mails name who
    takes part. `messages` and `conversations` are the ids of the documents that name the person.
    """

    person: str
    pseudonym: str
    addresses: list[str] = []
    messages: list[str] = []
    conversations: list[str] = []
    at: Instant


class TaskErased(Contract):
    """`pasokh.routing.task_erased`: the customer of a conversation was erased; its decisions name `key` from now on."""

    conversation: str
    key: str


class EraseSends(Contract):
    """`pasokh.outbound.erase`: forget where these messages and actions went, which are settled. `key` is whose they are.

    `pseudonym` is written as a person is: whose they are from then on, the same where they went to somebody else than `key` says.
    """

    key: str
    pseudonym: str
    ids: list[str]


class ErasedRecord(Contract):
    """`pasokh.control.erased`: it stands in the log in place of an event about an erased person, and says nothing."""


class WithdrawMessages(Contract):
    """`pasokh.outbound.withdraw` (key of the person): send nothing more of what waits for this person."""

    key: str


class PersonForgotten(Contract):
    """`pasokh.identity.forgotten`: a person was erased. What they proved, and what links them with others, is no evidence any more."""

    person: str


class PersonErased(Contract):
    """The data of `pasokh.person.erased`: all that a person wrote, sent or was called is deleted.

    `person` is the pseudonym under which what remains names them, and `key` is its key. `conversations` are the ids of their
    conversations, by which whoever copied something finds it, the latest 1,000. `by` is the id of the API key that asked for it.
    """

    key: str
    workspace: str
    person: str
    conversations: list[str] = []
    by: str | None = None
    at: Instant
