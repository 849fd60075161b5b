"""The demo's client for the public REST API and the webhooks of an installation."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from schemas.values import Json

SECONDS = 20.0


class ApiError(Exception):
    """An error response of the installation, with its HTTP status."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status


class Rest:
    """Calls below `/v1/workspaces/{workspace}`.

    Raises ApiError for an error response, httpx2.TransportError without a response.
    """

    def __init__(self, client: httpx2.AsyncClient, admin_key: str, workspace: str) -> None:
        self._client = client
        self._key = {"authorization": f"Bearer {admin_key}"}
        self._base = f"/v1/workspaces/{workspace}"

    async def get(self, path: str) -> dict[str, Any]:
        """A resource."""
        return _body(await self._client.get(self._base + path, headers=self._key))

    async def put(self, path: str, body: Mapping[str, Json]) -> dict[str, Any]:
        """PUT a resource and return it."""
        return _body(await self._client.put(self._base + path, json=body, headers=self._key))

    async def post(self, path: str, body: Mapping[str, Json], *, key: str) -> dict[str, Any]:
        """POST once; `key` is the Idempotency-Key."""
        headers = {**self._key, "idempotency-key": key}
        return _body(await self._client.post(self._base + path, json=body, headers=headers))

    async def upload(self, content: bytes, media_type: str, name: str) -> str:
        """Upload a file for a reply; its id."""
        headers = {**self._key, "content-type": media_type, "content-disposition": f'attachment; filename="{name}"'}
        answer = await self._client.post(f"{self._base}/attachments", content=content, headers=headers)
        return str(_body(answer)["id"])

    async def items(self, path: str, **filters: str) -> AsyncIterator[dict[str, Any]]:
        """Every item of a list, page by page."""
        cursor: str | None = None
        while True:
            parameters = {**filters, "limit": "200", **({"cursor": cursor} if cursor else {})}
            page = _body(await self._client.get(self._base + path, params=parameters, headers=self._key))
            for item in page["items"]:
                yield item
            cursor = page["next"]
            if cursor is None:
                return


@asynccontextmanager
async def connected(
    base_url: str, transport: httpx2.AsyncBaseTransport | None = None
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client for one address; `transport` in place of the network."""
    async with httpx2.AsyncClient(base_url=base_url, timeout=SECONDS, transport=transport, trust_env=False) as client:
        yield client


def _body(answer: httpx2.Response) -> dict[str, Any]:
    if answer.is_success:
        body: dict[str, Any] = answer.json()
        return body
    raise ApiError(answer.status_code, answer.text[:500])
