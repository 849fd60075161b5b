"""Calls of Rubika about the bot itself: its addresses, and the updates that wait for it (rubika.ir/botapi/methods)."""

import orjson

from schemas.values import Json
from services.channels.callbacks import our_address
from services.channels.errors_without_token import without_token
from services.channels.json_access import as_list, as_str
from services.channels.port import Account, PollResult
from services.channels.rubika_api.calls import RubikaApi
from services.channels.rubika_api.origin import identifier, opaque_id
from services.domain.account_phrases import AccountFinding, finding
from services.platform.core.identifiers import hashed_id
from services.platform.http.outgoing import PermanentSendError

ENDPOINTS = ("ReceiveUpdate", "ReceiveInlineMessage")
"""Of `UpdateEndpointTypeEnum` those that bring something: messages and the like, and presses of buttons below ours."""
SET = frozenset({"DONE", "OK"})
FETCH_LIMIT = 50
"""Updates in one answer, chosen so that their texts fit into the 1 MB that the HTTP client reads."""


async def register_endpoints(api: RubikaApi, account: Account, public_url: str) -> AccountFinding | None:
    """Have Rubika call our address; None once it says that it does. Raises as `RubikaApi.call`.

    Rubika cannot be asked which address a bot has, so that to set it again is the only check (docs/adr/0072).
    """
    ours, secret = our_address(account, public_url), account.token("path_secret")
    with without_token(secret):
        for kind in ENDPOINTS:
            parameters: dict[str, Json] = {"url": f"{ours}/{secret}", "type": kind}
            try:
                done = await api.call("updateBotEndpoints", parameters, idempotent=True)
            except PermanentSendError as refusal:
                return finding("endpoint_refused", ours=ours, said=str(refusal).replace(secret, "<secret>"))
            state = as_str(done.get("status")) or "OK"
            if state.upper() not in SET:
                return finding("endpoint_refused", ours=ours, said=(identifier(state) or "refused")[:100])
    return None


async def fetch_updates(api: RubikaApi, cursor: str | None) -> PollResult:
    """`getUpdates` from the cursor on, which is a mark of the bot and its `offset_id`. Raises as `RubikaApi.call`."""
    # An offset is one bot's own. A token does not name its bot, so that a hash of it marks whose the offset is: after a change of
    # the token all is fetched again that Rubika still has, and what is here already is a repeat.
    mark = hashed_id("rubika", api.token)[:12]
    owner, _, offset = (cursor or "").partition(":")
    parameters: dict[str, Json] = {"limit": FETCH_LIMIT, **({"offset_id": offset} if offset and owner == mark else {})}
    data = await api.call("getUpdates", parameters, idempotent=True)
    updates = [update for update in as_list(data.get("updates")) if isinstance(update, dict)]
    following = opaque_id(data.get("next_offset_id"))
    after = f"{mark}:{following}" if following is not None else cursor
    bodies = [orjson.dumps({"update": update}) for update in updates]
    return PollResult(bodies, after, has_more=len(updates) >= FETCH_LIMIT and after != cursor)
