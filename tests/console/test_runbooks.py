"""The page `/runbooks`, where alerts lead: for everybody, without anything of this installation."""

from services.console import runbooks
from services.platform.http.service import ServiceComponents
from tests.rest import open_rest


async def test_an_alert_finds_its_section_without_a_key() -> None:
    async with open_rest([ServiceComponents(routers=[runbooks.build_router()])]) as rest:
        answer = await rest.client.get("/runbooks", headers={"Authorization": ""})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert '<h2 id="pasokhnobodyanswers">PasokhNobodyAnswers</h2>' in answer.text
    assert "<script" not in answer.text
