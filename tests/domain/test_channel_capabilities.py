"""What a channel can do, and what an account of it can."""

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
