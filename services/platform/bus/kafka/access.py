"""How a client authenticates at Kafka, and whether the connection is encrypted."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from services.platform.core.errors import Misconfigured
from services.platform.core.settings import Settings

Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


@dataclass(frozen=True, slots=True)
class KafkaAccess:
    """Credentials and encryption. `username` None: none. `tls`: verified by the system's authorities, or by those of the file
    `authority`.
    """

    username: str | None = None
    password: str = field(default="", repr=False)
    mechanism: Mechanism = "PLAIN"
    tls: bool = False
    authority: Path | None = None

    def options(self) -> dict[str, Any]:
        """The keyword arguments of every client of aiokafka. Raises Misconfigured for a file that holds no certificates."""
        protocol = f"{'SASL_' if self.username else ''}{'SSL' if self.tls else 'PLAINTEXT'}"
        found: dict[str, Any] = {"security_protocol": protocol}
        if self.username:
            found |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        return found | ({"ssl_context": self._context()} if self.tls else {})

    def _context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.authority)
        except (OSError, ssl.SSLError) as error:
            raise Misconfigured(f"PASOKH_KAFKA_CA: {self.authority} holds no certificates ({error}).") from error


OPEN = KafkaAccess()
"""No user, and nothing encrypted: for a Kafka that only this installation reaches."""


def kafka_access(settings: Settings) -> KafkaAccess:
    """The access that the settings describe. Raises Misconfigured for a username without a password, and the like."""
    username, password = settings.kafka_username, settings.kafka_password
    if (username is None) != (password is None):
        raise Misconfigured("Set PASOKH_KAFKA_USERNAME and PASOKH_KAFKA_PASSWORD, or neither.")
    if settings.kafka_ca is not None and not settings.kafka_tls:
        raise Misconfigured("PASOKH_KAFKA_CA counts only with PASOKH_KAFKA_TLS=true.")
    return KafkaAccess(
        username=username,
        password=password.get_secret_value() if password else "",
        mechanism=settings.kafka_mechanism,
        tls=settings.kafka_tls,
        authority=settings.kafka_ca,
    )
