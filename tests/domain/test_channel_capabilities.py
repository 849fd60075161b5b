"""What a channel can do, and what an account of it can."""

import pytest

from schemas.channel import Capabilities, Window
from schemas.configuration import AccountBody, Versioned, WorkspaceBody, WorkspaceConfiguration
from services.domain.channel_capabilities import ChannelCapabilities
from tests.fakes import START

PLAIN = Capabilities(surfaces=("private",), text_limits=())
WIDE = Capabilities(surfaces=("private",), text_limits=(), windows=(Window(seconds=604_800),))


def decide(body: AccountBody) -> Capabilities:
    return WIDE if body.settings.get("tier") == "pro" else PLAIN


TABLE = ChannelCapabilities({"plain": PLAIN, "tiered": PLAIN, "windowed": WIDE}, {"tiered": decide})
CONFIGURATION = WorkspaceConfiguration(
    workspace="w",
    version=1,
    profile=Versioned(body=WorkspaceBody(name="W"), version=1, at=START),
    accounts={
        "tiered/pro": Versioned(body=AccountBody(credentials={}, settings={"tier": "pro"}), version=1, at=START),
        "tiered/basic": Versioned(body=AccountBody(credentials={}), version=1, at=START),
    },
)


def test_an_account_decides_where_the_channel_says_so() -> None:
    assert TABLE.of_account("tiered", "pro", CONFIGURATION) == WIDE
    assert TABLE.of_account("tiered", "basic", CONFIGURATION) == PLAIN
    # Without the account, what the channel can do at least.
    assert TABLE.of_account("tiered", "gone", CONFIGURATION) == PLAIN
    assert TABLE.of_account("tiered", "pro", None) == PLAIN
    assert TABLE.of_account("plain", "main", CONFIGURATION) == PLAIN
    assert TABLE.of_account("unknown", "main", CONFIGURATION) is None


def test_only_channels_with_rules_of_time_or_of_accounts_need_the_configuration() -> None:
    assert [TABLE.needs_configuration(name) for name in ("plain", "tiered", "windowed", "unknown")] == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("written", "person"),
    [
        ("calls:main:+371 2600-0001", "calls:main:37126000001"),
        ("calls:main:37126000001", "calls:main:37126000001"),
        ("calls:main:LV.abc-1", "calls:main:LV.abc-1"),
        ("calls:main:+", "calls:main:+"),
        ("texts:main:+371 2600-0001", "texts:main:+37126000001"),
        ("texts:main:384 387", "texts:main:384387"),
        ("texts:main:whatsapp:+37126000001", "texts:main:whatsapp:+37126000001"),
        ("post:main:Anna@Shop.example", "post:main:anna@shop.example"),
        ("plain:main:+A:1", "plain:main:+A:1"),
        ("gone:main:+1", "gone:main:+1"),
    ],
)
def test_a_person_has_the_id_that_the_platform_writes(written: str, person: str) -> None:
    table = ChannelCapabilities(
        {
            "calls": PLAIN.model_copy(update={"person_ids": "digits"}),
            "texts": PLAIN.model_copy(update={"person_ids": "e164"}),
            "post": PLAIN.model_copy(update={"person_ids": "lower"}),
            "plain": PLAIN,
        }
    )
    assert table.person_id(written) == person
