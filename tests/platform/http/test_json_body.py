"""JSON bodies as shapes: what JSON says is taken at its word."""

import json
from typing import Any

import pytest

from schemas.configuration import AgentBody, SlaBody
from services.platform.http.json_body import parse_body
from services.platform.http.problems import UnprocessableContent

AGENT = {"name": "Sara", "teams": ["default"]}
TARGETS = {"first_response_seconds": 60}


def agent(**fields: Any) -> AgentBody:
    return parse_body(AgentBody, json.dumps({**AGENT, **fields}).encode())


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"capacity": "4"}, "/capacity"),
        ({"capacity": True}, "/capacity"),
        ({"capacity": 4.5}, "/capacity"),
        ({"skills": {"lang:fa": "5"}}, "/skills/lang:fa"),
        ({"skills": {"x" * 101: 5}}, "/skills/" + "x" * 101),
        ({"name": 7}, "/name"),
        ({"teams": "default"}, "/teams"),
        ({"teams": {"default": 1}}, "/teams"),
    ],
)
def test_a_value_of_another_type_is_refused_although_it_could_be_turned_into_one(
    fields: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(UnprocessableContent) as refused:
        agent(**fields)
    assert [error.pointer for error in refused.value.errors or ()] == [pointer]


def test_a_whole_number_is_one_however_it_is_written() -> None:
    assert (
        agent(capacity=4.0, skills={"lang:fa": 5.0}).model_dump()
        == agent(capacity=4, skills={"lang:fa": 5}).model_dump()
    )


def test_what_json_has_no_type_of_its_own_for_is_read_from_text() -> None:
    calendar = {"timezone": "Asia/Tehran", "hours": {"sat": [["09:00", "17:00"]]}, "holidays": ["2026-03-21"]}
    policy = {"id": "p", "when": {"sensitive": True}, "targets": TARGETS, "warn_at": [0.5], "calendar": calendar}
    body = parse_body(SlaBody, json.dumps({"policies": [policy]}).encode())
    assert body.model_dump(mode="json", exclude_unset=True) == {"policies": [policy]}


@pytest.mark.parametrize("field", [{"when": {"sensitive": "yes"}}, {"when": {"sensitive": 1}}, {"warn_at": ["0.5"]}])
def test_nothing_inside_is_turned_into_another_type_either(field: dict[str, Any]) -> None:
    with pytest.raises(UnprocessableContent):
        parse_body(SlaBody, json.dumps({"policies": [{"id": "p", "targets": TARGETS, **field}]}).encode())
