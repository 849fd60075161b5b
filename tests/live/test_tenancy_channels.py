"""Nothing that a platform posts for one workspace reaches another, nor another account of the same one whose secret is another:
shared addresses, secrets in paths, handshakes. The same things do work at home.
"""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from tests.live.channel_callers import META, PlatformCall, mail_account, mail_call, meta_account, meta_call
from tests.live.installation import ADMIN_KEY, Running, up
from tests.live.waiting import eventually_sync

pytestmark = pytest.mark.slow

WORKSPACES = ("shop", "other")
AGENCY = "one-app-secret-of-an-agency-for-both"
"""An app that serves both workspaces signs for both: there the signature alone separates nothing."""
NUMBERS = {"shop": ("710000001", "710000002", "710000003"), "other": ("720000001", "720000002", "720000003")}
"""The ids of the accounts `main`, `second` and `agency` of a workspace."""
meta = pytest.mark.parametrize("channel", META)
PERSONS = count(900_001)
both = pytest.mark.parametrize(("mine", "theirs"), [WORKSPACES, WORKSPACES[::-1]], ids=["by shop", "by other"])
Post = Callable[[str, PlatformCall], httpx2.Response]


def secret_of(workspace: str, account: str = "main") -> str:
    return AGENCY if account == "agency" else f"app-secret-of-{workspace}-{account}"


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    often = {"PASOKH_ADDRESS_FAILURES_PER_MINUTE": "1000000"}
    running = up(tmp_path_factory.mktemp("tenancy-channels"), PASOKH_ADMIN_KEY=ADMIN_KEY, **often)
    running.start()
    running.wait_ready()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def client(installation: Running) -> Iterator[httpx2.Client]:
    admin = {"authorization": f"Bearer {ADMIN_KEY}"}
    with httpx2.Client(base_url=installation.url, headers=admin, timeout=30, trust_env=False) as client:
        for workspace in WORKSPACES:
            put(client, f"/v1/workspaces/{workspace}", {"name": workspace})
            accounts = f"/v1/workspaces/{workspace}/accounts"
            for channel in META:
                for number, account in zip(NUMBERS[workspace], ("main", "second", "agency"), strict=True):
                    body = meta_account(number, channel, secret_of(workspace, account), f"verify-word-of-{workspace}")
                    put(client, f"{accounts}/{channel}/{account}", body)
            put(client, f"{accounts}/email/main", mail_account(f"signing-key-of-{workspace}", f"path-of-{workspace}"))
        yield client


def put(client: httpx2.Client, path: str, body: dict[str, Any]) -> None:
    answer = client.put(path, json=body)
    assert answer.status_code in (200, 201), answer.text


@pytest.fixture
def post(client: httpx2.Client) -> Post:
    return lambda path, call: client.post(path, content=call.body, headers=dict(call.headers))


def written(client: httpx2.Client, workspace: str) -> list[str]:
    """The accounts and persons with conversations in a workspace."""
    found = client.get(f"/v1/workspaces/{workspace}/conversations", params={"limit": 200}).json()["items"]
    return sorted(f"{one['account']} {one['person']}" for one in found)


def heard(client: httpx2.Client, workspace: str, person: str) -> Callable[[], list[str]]:
    return lambda: [one for one in written(client, workspace) if one.endswith(f":{person}")]


@meta
@both
def test_at_home_one_call_speaks_for_every_account_of_the_same_secret(
    client: httpx2.Client, post: Post, channel: str, mine: str, theirs: str
) -> None:
    person = str(next(PERSONS))
    before = written(client, theirs)
    call = meta_call(channel, secret_of(mine), {NUMBERS[mine][0]: "hello"}, person)
    assert post(f"/webhooks/{channel}/{mine}/main", call).status_code == 200
    [found] = eventually_sync(heard(client, mine, person))
    assert found.startswith("main ")
    assert written(client, theirs) == before


@meta
@both
def test_my_signature_at_their_address_is_refused(
    client: httpx2.Client, post: Post, channel: str, mine: str, theirs: str
) -> None:
    before = written(client, theirs)
    for number in (*NUMBERS[mine], *NUMBERS[theirs]):
        call = meta_call(channel, secret_of(mine), {number: "hello"}, "9002")
        for account in ("main", "second", "agency"):
            assert post(f"/webhooks/{channel}/{theirs}/{account}", call).status_code == 401
    assert written(client, theirs) == before


@meta
@both
def test_a_body_that_names_their_account_reaches_it_not_by_my_address(
    client: httpx2.Client, post: Post, channel: str, mine: str, theirs: str
) -> None:
    before, person = written(client, theirs), str(next(PERSONS))
    # By one app for both, so that the signature is good for both: what separates them is the workspace of the address.
    for secret, account in ((secret_of(mine), "main"), (AGENCY, "agency")):
        own = NUMBERS[mine][0 if account == "main" else 2]
        texts = dict.fromkeys(NUMBERS[theirs], "hello") | {own: "hello"}
        assert (
            post(f"/webhooks/{channel}/{mine}/{account}", meta_call(channel, secret, texts, person)).status_code == 200
        )
    found = eventually_sync(heard(client, mine, person), holds=lambda found: len(found) == 2)
    assert [one.split()[0] for one in found] == ["agency", "main"]
    assert written(client, theirs) == before


@meta
@both
def test_a_call_for_two_accounts_reaches_the_one_whose_secret_signed_it(
    client: httpx2.Client, post: Post, channel: str, mine: str, theirs: str
) -> None:
    person = str(next(PERSONS))
    texts = {NUMBERS[mine][0]: "hello", NUMBERS[mine][1]: "hello"}
    for account in ("main", "second"):
        # Also at the address of the other: what counts is who signed, for each account that is named.
        call = meta_call(channel, secret_of(mine), texts, person)
        status = post(f"/webhooks/{channel}/{mine}/{account}", call).status_code
        assert status == (200 if account == "main" else 401)
    assert [one.split()[0] for one in eventually_sync(heard(client, mine, person))] == ["main"]


@meta
@both
def test_a_word_of_mine_answers_no_handshake_of_theirs(
    client: httpx2.Client, channel: str, mine: str, theirs: str
) -> None:
    def handshake(workspace: str, word: str) -> httpx2.Response:
        asked = {"hub.mode": "subscribe", "hub.verify_token": word, "hub.challenge": "11588"}
        return client.get(f"/webhooks/{channel}/{workspace}/main", params=asked)

    answer = handshake(mine, f"verify-word-of-{mine}")
    assert (answer.status_code, answer.text) == (200, "11588")
    refused = handshake(theirs, f"verify-word-of-{mine}")
    assert (refused.status_code, "11588" in refused.text) == (401, False)


@meta
@both
def test_what_stands_behind_the_account_in_the_path_names_no_other(
    client: httpx2.Client, post: Post, channel: str, mine: str, theirs: str
) -> None:
    before = written(client, theirs)
    person = str(next(PERSONS))
    call = meta_call(channel, secret_of(theirs), {NUMBERS[theirs][0]: "hello"}, person)
    for rest in (
        f"../../{theirs}/main",
        f"..%2F..%2F{theirs}%2Fmain",
        quote(f"../{theirs}"),
        "%00",
        NUMBERS[theirs][0],
    ):
        answer = client.post(f"/webhooks/{channel}/{mine}/main/{rest}", content=call.body, headers=dict(call.headers))
        # An HTTP client may resolve the dots itself; then it is their own address, with their own signature.
        assert answer.status_code in (401, 404) or answer.request.url.path == f"/webhooks/{channel}/{theirs}/main"
        if answer.status_code == 200:
            eventually_sync(heard(client, theirs, person))
            before = written(client, theirs)
    assert written(client, theirs) == before


@both
def test_a_secret_in_the_path_opens_one_workspace(client: httpx2.Client, post: Post, mine: str, theirs: str) -> None:
    at, sender = "/webhooks/email", f"neda-of-{mine}@customers.example"
    before = written(client, theirs)
    good = mail_call(f"signing-key-of-{mine}", "hello", sender)
    assert post(f"{at}/{mine}/main/path-of-{mine}", good).status_code == 200
    eventually_sync(lambda: [one for one in written(client, mine) if sender in one])
    for path in (
        f"{at}/{theirs}/main/path-of-{mine}",
        f"{at}/{theirs}/main/path-of-{theirs}",
        f"{at}/{theirs}/main",
        f"{at}/{mine}/main/path-of-{theirs}",
        f"{at}/{mine}/main/path-of-{mine}/more",
        f"{at}/{mine}/main",
    ):
        answer = post(path, mail_call(f"signing-key-of-{mine}", "hello", sender))
        assert answer.status_code == 401, path
        assert "path-of" not in answer.text
    assert written(client, theirs) == before


@meta
def test_two_accounts_of_one_workspace_may_not_share_an_id_unseen(
    client: httpx2.Client, post: Post, channel: str
) -> None:
    """A second entry with the number of another hears only what its own secret signed."""
    number = NUMBERS["shop"][0]
    put(client, f"/v1/workspaces/shop/accounts/{channel}/twin", meta_account(number, channel, "a-secret-of-the-twin"))
    for secret, account in ((secret_of("shop"), "main"), ("a-secret-of-the-twin", "twin")):
        person = str(next(PERSONS))
        call = meta_call(channel, secret, {number: "hello"}, person)
        assert post(f"/webhooks/{channel}/shop/{account}", call).status_code == 200
        found = eventually_sync(heard(client, "shop", person))
        assert [one.split()[0] for one in found] == [account]
