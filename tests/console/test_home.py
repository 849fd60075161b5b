"""The bare address leads on."""

import pytest

from services.console import home
from services.platform.http.service import ServiceComponents
from tests.rest import open_rest

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(("accept", "to"), [(BROWSER, "/ops"), ("*/*", "/docs"), ("application/json", "/docs")])
async def test_a_person_is_led_to_ops_and_a_program_to_the_reference(accept: str, to: str) -> None:
    async with open_rest([ServiceComponents(routers=[home.build_router()])]) as rest:
        answer = await rest.client.get("/", headers={"Accept": accept})
        assert (answer.status_code, answer.headers["location"], answer.headers["vary"]) == (307, to, "Accept")
        assert (await rest.client.get("/nothing", headers={"Accept": accept})).status_code == 404
