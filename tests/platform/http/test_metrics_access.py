"""What `/metrics` shows to whom."""

import pytest
from prometheus_client import CollectorRegistry, Counter
from pydantic import SecretStr
from starlette.requests import Request

from services.platform.core.settings import Settings
from services.platform.http.metrics_access import Exposition

SETTINGS = Settings(metrics_token=SecretStr("a-token-of-prometheus"), admin_key=SecretStr("k" * 32))


def exposition_for(host: str, settings: Settings = SETTINGS, **headers: str) -> str:
    registry = CollectorRegistry()
    Counter("of_tenants", "By workspace.", ["workspace"], registry=registry).labels("secret-customer").inc()
    Counter("of_process", "Of all.", ["group"], registry=registry).labels("sla").inc()
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    request = Request({"type": "http", "client": (host, 5), "headers": raw})
    return Exposition(registry, settings).text(request).decode()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1"])
def test_this_machine_sees_all(host: str) -> None:
    assert "secret-customer" in exposition_for(host)


@pytest.mark.parametrize(
    ("host", "headers"),
    [
        ("192.0.2.1", {}),
        ("192.0.2.1", {"authorization": "Bearer guess"}),
        ("192.0.2.1", {"authorization": "Basic a-token-of-prometheus"}),
        ("127.0.0.1", {"x_forwarded_for": "192.0.2.1"}),
        ("127.0.0.1", {"forwarded": "for=192.0.2.1"}),
    ],
)
def test_others_see_no_name_of_a_workspace_and_all_that_has_none(host: str, headers: dict[str, str]) -> None:
    text = exposition_for(host, SETTINGS, **headers)
    assert "secret-customer" not in text
    assert 'of_process_total{group="sla"} 1.0' in text
    assert "PASOKH_METRICS_TOKEN" in text


@pytest.mark.parametrize("key", ["a-token-of-prometheus", "k" * 32])
def test_the_token_and_the_admin_key_show_all_from_everywhere(key: str) -> None:
    assert "secret-customer" in exposition_for("192.0.2.1", authorization=f"Bearer {key}")


def test_networks_can_be_named() -> None:
    assert "secret-customer" in exposition_for("10.1.2.3", Settings(metrics_networks=["10.0.0.0/8"]))
    assert "secret-customer" in exposition_for("192.0.2.1", Settings(metrics_networks=["*"]))
    assert "secret-customer" not in exposition_for(
        "192.0.2.1", Settings(metrics_networks=["*"]), x_forwarded_for="192.0.2.9"
    )
