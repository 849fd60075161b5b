"""How much comes in at a time. Large bodies (mail, batches of Meta) share bounds of their own, which admit fewer calls."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from services.channels.port import Channel
from services.platform.core.settings import Settings
from services.platform.http.admission import AdmissionControl
from services.platform.http.bodies import BODY_SECONDS, MAX_BODY_BYTES, declared_length
from services.platform.http.rate_limits import RateLimits

LARGE_WEBHOOK_CALLS, LARGE_BODY_SECONDS = 16, 60.0


def _large_admission() -> AdmissionControl:
    return AdmissionControl("large_webhook", calls=LARGE_WEBHOOK_CALLS)


@dataclass(frozen=True, slots=True)
class ChannelBounds:
    """What some calls share: calls and bytes in flight, and seconds until a body is complete."""

    admission: AdmissionControl = field(default_factory=AdmissionControl)
    body_seconds: float = BODY_SECONDS


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of most calls, those of calls with large bodies, and the rates of failed authentications."""

    usual: ChannelBounds = field(default_factory=ChannelBounds)
    large: ChannelBounds = field(default_factory=lambda: ChannelBounds(_large_admission(), LARGE_BODY_SECONDS))
    rates: RateLimits = field(default_factory=lambda: RateLimits(Settings()))

    def bounds_of(self, channel: Channel, headers: Iterable[tuple[bytes, bytes]]) -> ChannelBounds:
        """The bounds of a call, by the size that its headers declare; without one by the largest body of its channel."""
        size = declared_length(headers) or channel.capabilities.max_body_bytes
        return self.large if size > MAX_BODY_BYTES else self.usual
