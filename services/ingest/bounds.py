"""How much comes in at a time. Channels with large bodies (mail) share a small room of their own."""

from dataclasses import dataclass, field

from services.channels.port import Channel
from services.platform.core.settings import Settings
from services.platform.http.admission import AdmissionControl
from services.platform.http.bodies import BODY_SECONDS, MAX_BODY_BYTES
from services.platform.http.rate_limits import RateLimits

LARGE_WEBHOOK_CALLS, LARGE_BODY_SECONDS = 16, 60.0


def _large_room() -> AdmissionControl:
    return AdmissionControl("large_webhook", calls=LARGE_WEBHOOK_CALLS)


@dataclass(frozen=True, slots=True)
class Entrance:
    """What some channels' calls share: calls and bytes in flight, and seconds until a body is complete."""

    room: AdmissionControl = field(default_factory=AdmissionControl)
    body_seconds: float = BODY_SECONDS


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is admitted: by the entrance of most channels, by that of large bodies, and failed authentications."""

    entrance: Entrance = field(default_factory=Entrance)
    large: Entrance = field(default_factory=lambda: Entrance(_large_room(), LARGE_BODY_SECONDS))
    rates: RateLimits = field(default_factory=lambda: RateLimits(Settings()))

    def entrance_of(self, channel: Channel) -> Entrance:
        """The entrance of a channel, by the largest body that it takes."""
        return self.large if channel.capabilities.max_body_bytes > MAX_BODY_BYTES else self.entrance
