"""A Graph API in memory that lists what was published, page by page, as the real one does: `after` cursors, nested first pages."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from services.platform.http.outgoing import HttpResponse
from tests.channels.meta.public_calls import refusal
from tests.fakes.http import HttpCall

Item = dict[str, Any]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class GraphPages:
    """`lists` maps `object/edge` to its items, the newest first; `refused` edges are answered with this code."""

    lists: dict[str, Sequence[Item]] = field(default_factory=dict)
    nested: Mapping[str, str] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    nested_size: int = 2
    page_size: int | None = None
    now: datetime | None = NOW

    def __call__(self, call: HttpCall) -> HttpResponse:
        parts = urlsplit(call.url)
        path, query = (
            parts.path.removeprefix("/v25.0/"),
            {name: values[-1] for name, values in parse_qs(parts.query).items()},
        )
        assert call.headers["authorization"].startswith("Bearer ")
        assert "access_token" not in query
        if path in self.refused:
            return refusal(self.refused[path])
        if mentioned := re.match(r"mentioned_(comment|media)\.\w+_id\((\d+)\)", query.get("fields", "")):
            kind, identity = mentioned.groups()
            found = next(iter(self.lists.get(f"mentioned/{identity}", [])), None)
            return self._answer({f"mentioned_{kind}": found}) if found else refusal(100, 33)
        return self._answer(self._page(path, int(query["limit"]), query.get("after")))

    def _page(self, path: str, limit: int, after: str | None) -> Item:
        items, start = self.lists.get(path, []), int(after or 0)
        size = min(limit, self.page_size or limit)
        shown = [self._with_nested(item) for item in items[start : start + size]]
        return self._listed(shown, start + size, has_next=start + size < len(items))

    def _with_nested(self, item: Item) -> Item:
        filled = dict(item)
        for edge in self.nested.get(item.get("id", ""), "").split():
            inner = self.lists.get(f"{item['id']}/{edge}", [])
            shown = [self._with_nested(one) for one in inner[: self.nested_size]]
            filled[edge] = self._listed(shown, self.nested_size, has_next=self.nested_size < len(inner))
        return filled

    def _listed(self, shown: Sequence[Item], end: int, *, has_next: bool) -> Item:
        paging: Item = {"cursors": {"before": "x", "after": str(end)}}
        if has_next:
            paging["next"] = "https://graph.facebook.com/next"
        return {"data": list(shown), "paging": paging}

    def _answer(self, body: Item) -> HttpResponse:
        headers = {"date": format_datetime(self.now, usegmt=True)} if self.now else {}
        return HttpResponse(200, headers, json.dumps(body).encode())
