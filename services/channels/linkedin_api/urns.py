"""URNs of LinkedIn in their spellings (learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts/urns).

A comment is `urn:li:comment:(urn:li:activity:1,2)`; the field `generatedActivity` writes `urn:li:comment:(activity:1,2)`. One post has
several URNs with numbers of their own (`share`, `ugcPost`, `activity`), so a comment is told by its own number alone, which is
unique at LinkedIn.
"""

import re
from dataclasses import dataclass

from schemas.configuration import AccountBody
from schemas.values import Json
from services.channels.json_access import as_int, as_str

PREFIX = "urn:li:"
_COMMENT = re.compile(r"urn:li:comment:\((?P<thread>[^()]{1,200}),(?P<number>[0-9]{1,20})\)")
_SIMPLE = re.compile(r"urn:li:[A-Za-z]{1,40}:[A-Za-z0-9_-]{1,100}")
_POST = re.compile(r"urn:li:(?:activity|share|ugcPost):[0-9]{1,20}")
_REACTION = re.compile(r"urn:li:(?:reaction|like):\((?P<actor>[^(),]{1,200}),(?P<object>.{1,300})\)")


@dataclass(frozen=True, slots=True)
class CommentUrn:
    """A comment: `thread` is the URN of what it stands below, `number` its own."""

    thread: str
    number: str

    def __str__(self) -> str:
        return f"{PREFIX}comment:({self.thread},{self.number})"


def read_comment(value: Json) -> CommentUrn | None:
    """The comment that a URN names; None for anything else."""
    found = _COMMENT.fullmatch(as_str(value) or "")
    return CommentUrn(_whole(found["thread"]), found["number"]) if found else None


def read_urn(value: Json) -> str | None:
    """A URN without parts, such as that of a member or a post; None for anything else."""
    text = _whole(as_str(value) or "")
    return text if _SIMPLE.fullmatch(text) else None


def read_post(value: Json) -> str | None:
    """The URN of a post; None for anything else."""
    found = read_urn(value)
    return found if found is not None and _POST.fullmatch(found) else None


def read_reaction(value: Json) -> tuple[str, str] | None:
    """Who reacted, and the URN of what they reacted to; None for what is no URN of a reaction."""
    found = _REACTION.fullmatch(as_str(value) or "")
    return (_whole(found["actor"]), _whole(found["object"])) if found else None


def organization_number(value: Json) -> str | None:
    """The number of an organization, which is written as a URN, as a number or as its digits; None for anything else."""
    number = as_int(value)
    text = str(number) if number is not None else as_str(value) or ""
    digits = re.fullmatch(r"(?:urn:li:organization(?:Brand)?:)?([0-9]{1,20})", text)
    return digits[1] if digits else None


def own_number(body: AccountBody) -> str | None:
    """The number of the Page that an account is."""
    stated = body.credentials.get("organization")
    return organization_number(stated if isinstance(stated, str) else None)


def permalink(post: str) -> str | None:
    """The page of a post in the web; None for what is none."""
    return f"https://www.linkedin.com/feed/update/{post}/" if _POST.fullmatch(post) else None


def _whole(text: str) -> str:
    """A URN that may lack its beginning."""
    return text if text.startswith(PREFIX) or ":" not in text else f"{PREFIX}{text}"
