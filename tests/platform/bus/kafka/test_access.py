"""Options of Kafka clients for users and encryption; and halves of settings that are refused."""

import ssl
from pathlib import Path

import pytest
from pydantic import SecretStr

from services.platform.bus.kafka.access import KafkaAccess, kafka_access
from services.platform.core.errors import Misconfigured
from services.platform.core.settings import Settings

SECRET = SecretStr("p")


def test_without_settings_nothing_is_proven_and_nothing_encrypted() -> None:
    assert kafka_access(Settings()).options() == {"security_protocol": "PLAINTEXT"}


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_a_user_is_proven_by_the_mechanism_that_is_set(mechanism: str) -> None:
    settings = Settings.model_validate({"kafka_username": "u", "kafka_password": SECRET, "kafka_mechanism": mechanism})
    assert kafka_access(settings).options() == {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": mechanism,
        "sasl_plain_username": "u",
        "sasl_plain_password": "p",
    }


def test_tls_checks_the_name_and_who_signed_it() -> None:
    options = kafka_access(Settings(kafka_username="u", kafka_password=SECRET, kafka_tls=True)).options()
    assert options["security_protocol"] == "SASL_SSL"
    assert options["ssl_context"].verify_mode is ssl.CERT_REQUIRED
    assert options["ssl_context"].check_hostname
    assert kafka_access(Settings(kafka_tls=True)).options()["security_protocol"] == "SSL"


@pytest.mark.parametrize(
    "half",
    [Settings(kafka_username="u"), Settings(kafka_password=SECRET), Settings(kafka_ca=Path("authority.pem"))],
    ids=["no password", "no user", "no tls"],
)
def test_half_of_it_is_refused(half: Settings) -> None:
    with pytest.raises(Misconfigured, match="PASOKH_KAFKA_"):
        kafka_access(half)


def test_a_file_without_certificates_is_named(tmp_path: Path) -> None:
    (tmp_path / "authority.pem").write_text("words")
    with pytest.raises(Misconfigured, match=r"authority\.pem"):
        KafkaAccess(tls=True, authority=tmp_path / "authority.pem").options()


def test_the_password_is_in_no_repr() -> None:
    assert "p4ss" not in repr(Settings(kafka_username="u", kafka_password=SecretStr("p4ss")))
    assert "p4ss" not in repr(KafkaAccess(username="u", password="p4ss"))
