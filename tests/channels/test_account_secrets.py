"""No secret of any channel comes out of REST, whatever is written and wherever: in answers, errors, OpenAPI, logs or metrics."""

import random
import string
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from schemas.configuration import AccountBody
from services.channels.account_settings import AccountModelRules
from services.channels.registry import CHANNELS, account_rules
from services.platform.http.openapi import exported
from tests.examples import scaled
from tests.rest import Rest, open_rest

RULES = {channel.name: account_rules(channel) for channel in CHANNELS}
SEEDS = range(scaled(5, minimum=1))


def randomised(text: str, chance: random.Random) -> str:
    """A text of the same form with other letters and digits; what stands before the last `_` or `:` stays as a prefix."""
    start = max(text.rfind("_"), text.rfind(":")) + 1
    kinds = (string.digits, string.ascii_lowercase, string.ascii_uppercase)
    other = [next((chance.choice(kind) for kind in kinds if one in kind), one) for one in text[start:]]
    return text[:start] + "".join(other)


def account_of(channel: str, chance: random.Random) -> tuple[dict[str, Any], list[str]]:
    """An account like the channel's example with secrets of its own, two of each that rotates; and these secrets."""
    example = RULES[channel].model.model_json_schema()["examples"][0]
    body = AccountBody.model_validate(example)
    credentials, secrets = dict(body.credentials), list[str]()
    for pointer in RULES[channel].secrets(body):
        name, *rest = pointer.removeprefix("/credentials/").split("/")
        value = credentials[name]
        known = value[int(rest[0])] if isinstance(value, list) else value
        made = [randomised(known, chance) for _ in range(2)]
        single, several = {**credentials, name: made[0]}, {**credentials, name: made}
        rotates = not RULES[channel].problems(AccountBody.model_validate({**example, "credentials": several}))
        credentials = several if rotates else single
        secrets += made if rotates else made[:1]
    return {**example, "credentials": credentials}, secrets


def misplaced(body: dict[str, Any], secrets: list[str], rules: AccountModelRules) -> Iterator[dict[str, Any]]:
    """The account with its secrets as values where they do not belong, or in no form that is valid."""
    for secret in secrets:
        yield {**body, "settings": {"unknown": secret, "handoff_seconds": secret}}
        yield {**body, "api_base": secret}
        yield {**body, "language": secret}
        for name in rules.model.model_json_schema()["$defs"][type_of(rules, "credentials")]["properties"]:
            for wrong in (f" {secret}\n", [secret, ""], [secret, "set", "set", "set"], {"secret": secret}, [[secret]]):
                yield {**body, "credentials": {**body["credentials"], name: wrong}}
        yield {**body, "credentials": {"unknown": secret}}


def type_of(rules: AccountModelRules, part: str) -> str:
    annotation = rules.model.model_fields[part].annotation
    assert isinstance(annotation, type)
    return annotation.__name__


async def written(rest: Rest, channel: str, seed: int) -> tuple[list[str], list[str]]:
    """Everything that came out while an account was written and misplaced; and its secrets."""
    path = f"/v1/workspaces/shop/accounts/{channel}/a{seed}"
    body, secrets = account_of(channel, random.Random(seed))
    answers = [await rest.request("PUT", path, body)]
    assert answers[0].status_code == 201, answers[0].text
    answers += [await rest.request("PUT", path, wrong) for wrong in misplaced(body, secrets, RULES[channel])]
    shown = {**body, "credentials": answers[0].json()["credentials"]}
    answers += [await rest.request("PUT", path, shown)]
    assert answers[-1].status_code == 200, answers[-1].text
    for seen in (path, "/v1/workspaces/shop/accounts", f"{path}/ledger", "/v1/workspaces/shop/channels", "/metrics"):
        answers.append(await rest.request("GET", seen))
    answers += [await rest.client.get("/openapi.json")]
    return [answer.text + str(answer.headers) for answer in answers], secrets


@pytest.mark.parametrize("channel", RULES)
async def test_no_secret_comes_out_again(channel: str) -> None:
    async with open_rest(checks=RULES, allow_private_targets=True) as rest:
        await rest.workspace()
        for seed in SEEDS:
            with capture_logs() as logs:
                texts, secrets = await written(rest, channel, seed)
            assert secrets
            everything = "\n".join([*texts, repr(logs)])
            assert [secret for secret in secrets if secret in everything] == []


@pytest.mark.parametrize("channel", RULES)
def test_the_example_is_an_account_that_can_be_written(channel: str) -> None:
    example = RULES[channel].model.model_json_schema()["examples"][0]
    assert RULES[channel].problems(AccountBody.model_validate(example)) == []
    assert exported()["components"]["schemas"][RULES[channel].model.__name__]["examples"] == [example]


@pytest.mark.parametrize("channel", RULES)
async def test_a_form_gets_a_schema_in_which_every_field_is_described(channel: str) -> None:
    async with open_rest(checks=RULES) as rest:
        await rest.workspace()
        shown = (await rest.request("GET", f"/v1/workspaces/shop/channels/{channel}")).json()
        assert (await rest.request("GET", "/v1/workspaces/shop/channels/none")).status_code == 404
    definitions, rules = shown["account_schema"]["$defs"], RULES[channel]
    credentials, settings = (definitions[type_of(rules, part)]["properties"] for part in ("credentials", "settings"))
    assert [name for name, one in credentials.items() if is_secret(one)]
    assert [name for name, one in {**credentials, **settings}.items() if not one.get("description")] == []


def is_secret(schema: dict[str, Any]) -> bool:
    return any(form.get("format") == "password" for form in schema["anyOf"])
