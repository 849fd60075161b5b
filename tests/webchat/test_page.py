"""The page with nothing but the chat."""

from tests.webchat.harness import open_webchat


async def test_the_page_cannot_be_put_into_another_one() -> None:
    async with open_webchat() as shop:
        answer = await shop.client.get("/webchat/shop/main")
    assert answer.status_code == 200
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "DENY"
