"""What a response of Typeform says: its answers by the stable `ref` of their questions, and its hidden fields.

www.typeform.com/developers/webhooks/example-payload shows a response, .../responses/JSON-response-explanation each type of answer.
"""

from collections.abc import Iterator, Mapping
from typing import cast

from schemas.activity import PersonIdentity, SurveyAnswer
from schemas.values import Json
from services.channels.json_access import as_dict, as_list, as_str, dicts, drop_none, texts

SAYS_WHO: Mapping[str, str] = {"email": "email", "phone_number": "phone"}
"""The type of an answer, or a hidden field → the kind of identity that it is."""
HIDDEN_IDENTITIES: Mapping[str, str] = {"email": "email", "phone": "phone", "phone_number": "phone"}
CONVERSATION_FIELDS = ("conversation", "conversation_id")
"""Hidden fields that hold our id of the conversation that a survey is about."""
PERSON_FIELDS = ("customer", "customer_id", "user_id", "email", "phone")
"""Hidden fields that say who answers, the best first."""
SCORE = "score"
"""The `ref` under which the points of a quiz stand, beside those of its questions."""


def answers(response: Mapping[str, Json]) -> list[SurveyAnswer]:
    """The answers of a response, in its order, and then its score, if it has one."""
    questions = _questions(as_dict(response.get("definition")))
    found = [answer for one in dicts(response.get("answers")) if (answer := _answer(one, questions)) is not None]
    score = as_dict(response.get("calculated")).get("score")
    # A form without points says 0.
    return [*found, SurveyAnswer(ref=SCORE, value=score)] if isinstance(score, int | float) and score else found


def hidden(response: Mapping[str, Json], names: tuple[str, ...]) -> str | None:
    """The first of these hidden fields that has a value."""
    fields = as_dict(response.get("hidden"))
    return next((value for name in names if (value := as_str(fields.get(name)))), None)


def identities(response: Mapping[str, Json]) -> list[PersonIdentity]:
    """Who answers, as hidden fields and answers say. Whoever has the link may write anything there: nothing is proven."""
    fields = as_dict(response.get("hidden"))
    stated = [(kind, as_str(fields.get(name))) for name, kind in HIDDEN_IDENTITIES.items()]
    typed = [
        (SAYS_WHO.get(kind), as_str(one.get(kind))) for one in dicts(response.get("answers")) if (kind := _type(one))
    ]
    known = dict.fromkeys((kind, value) for kind, value in (*stated, *typed) if kind and value)
    return [PersonIdentity.model_validate({"kind": kind, "value": value}) for kind, value in known]


def _questions(definition: Mapping[str, Json]) -> dict[str, str]:
    """The text of each question by its `ref` and by its id, those of groups too."""
    return {key: title for field in _fields(definition) for key, title in _titles(field)}


def _fields(holder: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    for field in dicts(holder.get("fields")):
        yield field
        # Typeform nests groups, and no deeper.
        yield from dicts(as_dict(field.get("properties")).get("fields"))


def _titles(field: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    title = as_str(field.get("title"))
    keys = (as_str(field.get("ref")), as_str(field.get("id")))
    return ((key, title.replace("\\n", " ").strip()) for key in keys if key and title)


def _answer(one: Mapping[str, Json], questions: Mapping[str, str]) -> SurveyAnswer | None:
    field = as_dict(one.get("field"))
    identity, ref = as_str(field.get("id")) or "", as_str(field.get("ref"))
    key, value = ref or identity, _value(one)
    if not key or value is None:
        return None
    return SurveyAnswer(ref=key, question=questions.get(key) or questions.get(identity), value=value)


def _type(one: Mapping[str, Json]) -> str | None:
    return as_str(one.get("type"))


def _value(one: Mapping[str, Json]) -> Json:
    """The value, which stands under the name of its type. A choice is the label that the customer read."""
    kind = _type(one)
    value = one.get(kind) if kind is not None else None
    if kind == "choice":
        chosen = as_dict(value)
        return as_str(chosen.get("label")) or as_str(chosen.get("other"))
    if kind == "choices":
        chosen, other = as_dict(value), as_str(as_dict(value).get("other"))
        return cast(Json, [*texts(chosen.get("labels")), *([other] if other else [])])
    if kind == "payment":
        # Nothing of a card is kept.
        paid = as_dict(value)
        return drop_none(amount=paid.get("amount"), success=paid.get("success"))
    return value if not isinstance(value, list) else as_list(value)
