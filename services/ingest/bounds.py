"""How much comes in at a time. Channels with large bodies (mail) share bounds of their own, which admit fewer calls."""

from dataclasses import dataclass, field

from services.channels.port import Channel
from services.platform.core.settings import Settings
from services.platform.http.admission import AdmissionControl
from services.platform.http.bodies import BODY_SECONDS, MAX_BODY_BYTES
from services.platform.http.rate_limits import RateLimits

LARGE_WEBHOOK_CALLS, LARGE_BODY_SECONDS = 16, 60.0


def _large_admission() -> AdmissionControl:
    return AdmissionControl("large_webhook", calls=LARGE_WEBHOOK_CALLS)


@dataclass(frozen=True, slots=True)
class ChannelBounds:
    """What some channels' calls share: calls and bytes in flight, and seconds until a body is complete."""

    admission: AdmissionControl = field(default_factory=AdmissionControl)
    body_seconds: float = BODY_SECONDS


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of most channels, those of channels with large bodies, and the rates of failed authentications."""

    usual: ChannelBounds = field(default_factory=ChannelBounds)
    large: ChannelBounds = field(default_factory=lambda: ChannelBounds(_large_admission(), LARGE_BODY_SECONDS))
    rates: RateLimits = field(default_factory=lambda: RateLimits(Settings()))

    def bounds_of(self, channel: Channel) -> ChannelBounds:
        """The bounds of a channel, by the largest body that it takes."""
        return self.large if channel.capabilities.max_body_bytes > MAX_BODY_BYTES else self.usual
