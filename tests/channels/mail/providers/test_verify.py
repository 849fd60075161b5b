"""Who calls: each provider's own proof, by secrets old and new, with every part of it left out or changed."""

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from services.channels.mail.providers import PROVIDERS
from services.channels.mail.providers.sendgrid import read_public_key
from services.channels.mail.providers.sns import is_sns_url
from services.channels.port import Account, InvalidSignature, Request
from tests.channels.mail.providers import calls
from tests.examples import examples

FIXTURES = sorted(path.name for path in calls.PAYLOADS.iterdir() if path.name.partition("_")[0] in PROVIDERS)


def verify(request: Request, account: Account) -> None:
    PROVIDERS[str(account.body.credentials["provider"])].verify(request, account)


def is_refused(request: Request, account: Account) -> bool:
    try:
        verify(request, account)
    except InvalidSignature:
        return True
    return False


@pytest.mark.parametrize("name", FIXTURES)
def test_an_authentic_call_is_accepted_and_without_credentials_none_is(name: str) -> None:
    provider = name.partition("_")[0]
    request, account = calls.fixture(name), calls.account(provider)
    verify(request, account)
    bare = replace(account, body=account.body.model_copy(update={"credentials": {"provider": provider}}))
    assert is_refused(request, bare)


# -- mailgun -----------------------------------------------------------------------------------------------------------

MAILGUN_FORMS = ["mailgun_parsed.fields.json", "mailgun_parsed_with_files.fields.json", "mailgun_event_delivered.json"]


def mailgun_call(name: str, **signed: str) -> Request:
    return calls.mailgun(calls.PAYLOADS / name, signed)


@pytest.mark.parametrize("name", MAILGUN_FORMS)
@pytest.mark.parametrize("missing", ["timestamp", "token", "signature"])
def test_mailgun_needs_each_field_of_its_signature(name: str, missing: str) -> None:
    signed = calls.mailgun_signature()
    del signed[missing]
    assert is_refused(mailgun_call(name, **signed), calls.account("mailgun"))


@pytest.mark.parametrize("name", MAILGUN_FORMS)
@pytest.mark.parametrize("field", ["timestamp", "token", "signature"])
def test_mailgun_is_refused_for_each_changed_byte_of_its_signature(name: str, field: str) -> None:
    signed = calls.mailgun_signature()
    for at in range(len(signed[field])):
        text = signed[field]
        changed = text[:at] + ("1" if text[at] != "1" else "2") + text[at + 1 :]
        assert is_refused(mailgun_call(name, **{**signed, field: changed}), calls.account("mailgun"))


def test_of_a_repeated_field_of_mailgun_the_last_one_counts() -> None:
    verify(calls.fixture("mailgun_variables_before_signature.fields.json"), calls.account("mailgun"))
    signed = list(calls.mailgun_signature().items())
    assert is_refused(calls.form_call([*signed, ("token", "another")]), calls.account("mailgun"))


@pytest.mark.parametrize("name", MAILGUN_FORMS)
@pytest.mark.parametrize(
    ("seconds", "accepted"), [(0, True), (299, True), (-299, True), (301, False), (-301, False), (86_400, False)]
)
def test_mailgun_is_accepted_five_minutes_to_either_side(name: str, seconds: int, accepted: bool) -> None:
    signed = calls.mailgun_signature(timestamp=str(int(calls.NOW) + seconds))
    assert is_refused(mailgun_call(name, **signed), calls.account("mailgun")) is not accepted


@pytest.mark.parametrize("timestamp", ["", "soon", "-1772366400", "1772366400.0", "1e9", " 1772366400", "١٧٧٢٣٦٦٤٠٠"])
def test_a_timestamp_of_mailgun_is_a_plain_number_of_seconds(timestamp: str) -> None:
    signed = calls.mailgun_signature(timestamp=timestamp)
    assert is_refused(mailgun_call("mailgun_parsed.fields.json", **signed), calls.account("mailgun"))


def test_digits_cannot_move_between_timestamp_and_token() -> None:
    signed = calls.mailgun_signature(token="7" + calls.TOKEN)
    moved = {**signed, "timestamp": signed["timestamp"] + "7", "token": calls.TOKEN}
    assert is_refused(mailgun_call("mailgun_parsed.fields.json", **moved), calls.account("mailgun"))


@pytest.mark.parametrize("stated", [36_000, 36_000.5])
def test_an_account_may_accept_older_signatures_after_an_outage(stated: float) -> None:
    account = calls.account("mailgun", settings={"signature_seconds": stated})
    signed = calls.mailgun_signature(timestamp=str(int(calls.NOW) - 30_000))
    verify(mailgun_call("mailgun_parsed.fields.json", **signed), account)
    older = calls.mailgun_signature(timestamp=str(int(calls.NOW) - 36_002))
    assert is_refused(mailgun_call("mailgun_parsed.fields.json", **older), account)


# -- sendgrid ----------------------------------------------------------------------------------------------------------

SENDGRID = ["sendgrid_parsed.fields.json", "sendgrid_raw.multipart", "sendgrid_events.json"]


@pytest.mark.parametrize("name", SENDGRID)
@pytest.mark.parametrize("header", [calls.SENDGRID_SIGNATURE, calls.SENDGRID_TIMESTAMP])
def test_sendgrid_needs_both_headers(name: str, header: str) -> None:
    request = calls.fixture(name)
    headers = {key: value for key, value in request.headers.items() if key != header}
    assert is_refused(replace(request, headers=headers), calls.account("sendgrid"))


@pytest.mark.parametrize("name", SENDGRID)
def test_sendgrid_is_refused_for_each_changed_byte_of_body_and_timestamp(name: str) -> None:
    request, account = calls.fixture(name), calls.account("sendgrid")
    for at in range(0, len(request.body), 7):
        body = request.body[:at] + bytes([request.body[at] ^ 1]) + request.body[at + 1 :]
        assert is_refused(replace(request, body=body), account)
    timestamp = {**request.headers, calls.SENDGRID_TIMESTAMP: str(int(calls.NOW) + 1)}
    assert is_refused(replace(request, headers=timestamp), account)


def test_the_line_end_of_an_event_body_is_signed() -> None:
    request = calls.fixture("sendgrid_events.json")
    assert request.body.endswith(b"\r\n")
    assert is_refused(replace(request, body=request.body.rstrip()), calls.account("sendgrid"))


@pytest.mark.parametrize(
    ("seconds", "accepted"), [(0, True), (299, True), (-299, True), (301, False), (-301, False), (-86_400, False)]
)
def test_sendgrid_is_accepted_five_minutes_to_either_side(seconds: int, accepted: bool) -> None:
    request = calls.sendgrid_signed(calls.fixture("sendgrid_raw.multipart"), timestamp=str(int(calls.NOW) + seconds))
    assert is_refused(request, calls.account("sendgrid")) is not accepted


def test_every_live_key_of_sendgrid_is_accepted_and_no_other() -> None:
    inbound, events, foreign = (generate_private_key(SECP256R1()) for _ in range(3))
    account = calls.account("sendgrid", public_key=[calls.public_key(inbound), calls.public_key(events)])
    request = calls.fixture("sendgrid_raw.multipart")
    verify(calls.sendgrid_signed(request, inbound), account)
    verify(calls.sendgrid_signed(request, events), account)
    assert is_refused(calls.sendgrid_signed(request, foreign), account)


def test_a_key_of_sendgrid_may_be_written_as_pem() -> None:
    public = calls.sendgrid_key().public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    verify(calls.fixture("sendgrid_raw.multipart"), calls.account("sendgrid", public_key=pem))


def other_keys() -> list[str]:
    other_curve, rsa = generate_private_key(SECP384R1()).public_key(), generate_rsa_key(65537, 2048).public_key()
    ders = [key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for key in (other_curve, rsa)]
    return ["", "no key", *(base64.b64encode(der).decode() for der in ders)]


@pytest.mark.parametrize("text", other_keys())
def test_what_is_no_key_of_sendgrid_proves_nothing(text: str) -> None:
    assert read_public_key(text) is None
    assert is_refused(calls.fixture("sendgrid_raw.multipart"), calls.account("sendgrid", public_key=[text, "x"]))


# -- postmark ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Basic",
        "Basic !",
        calls.basic(password="a-long-password-of-other"),
        calls.basic("mailgun"),
        calls.basic("", ""),
        calls.basic().replace("Basic", "Bearer"),
        calls.basic() + "=",
        calls.basic(f"{calls.BASIC_USER}:a-long", "password-of-ours"),
    ],
)
def test_postmark_is_asked_for_the_accounts_user_and_password(authorization: str) -> None:
    request = replace(calls.fixture("postmark_inbound.json"), headers={"authorization": authorization})
    with pytest.raises(InvalidSignature) as refused:
        verify(request, calls.account("postmark"))
    assert refused.value.challenge is not None
    assert refused.value.challenge.startswith("Basic realm=")


def test_old_and_new_passwords_of_postmark_are_accepted() -> None:
    account = calls.account("postmark", basic_password=["the-new-password", calls.BASIC_PASSWORD])
    for authorization in (calls.basic(), calls.basic(password="the-new-password"), calls.basic().replace("B", "b", 1)):
        verify(replace(calls.fixture("postmark_inbound.json"), headers={"authorization": authorization}), account)


# -- ses ---------------------------------------------------------------------------------------------------------------

CONFIRMATION = {
    "Token": "2336412f37fb687f5d51e6e2425e",
    "SubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f37fb687f5d51e6e2425e",
}
KINDS: Mapping[str, dict[str, str]] = {
    "Notification": {},
    "SubscriptionConfirmation": CONFIRMATION,
    "UnsubscribeConfirmation": CONFIRMATION,
}


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_signed_field_of_sns_is_covered_by_its_signature(kind: str, version: str) -> None:
    envelope = calls.sns_envelope(Type=kind, SignatureVersion=version, Message="a\nb", **KINDS[kind])
    account = calls.account("ses", topic_arn=[calls.TOPIC, f"{calls.TOPIC}x"])
    verify(calls.sns_call(envelope), account)
    signed = {**envelope, "Signature": calls.sns_signature(envelope)}
    for name in ("Message", "MessageId", "Timestamp", "TopicArn", *KINDS[kind]):
        assert is_refused(calls.sns_call({**signed, name: f"{signed[name]}x"}), account), name
        left = {key: value for key, value in signed.items() if key != name}
        assert is_refused(calls.sns_call({**left, "MessageId": left.get("MessageId", "")}), account), name


def test_a_signature_is_over_the_text_that_was_sent_and_not_a_repaired_one() -> None:
    envelope = calls.sns_envelope(Message="a\x00b")
    verify(calls.sns_call(envelope), calls.account("ses"))
    signed = {**envelope, "Signature": calls.sns_signature(envelope), "Message": "ab"}
    assert is_refused(calls.sns_call(signed), calls.account("ses"))
    spoilt = calls.mailgun_signature() | {"token": f"{calls.TOKEN}\x00"}
    assert is_refused(mailgun_call("mailgun_event_delivered.json", **spoilt), calls.account("mailgun"))


def test_a_subject_is_signed_where_there_is_one() -> None:
    envelope = calls.sns_envelope(Subject="Hello")
    verify(calls.sns_call(envelope), calls.account("ses"))
    signed = {**envelope, "Signature": calls.sns_signature(envelope)}
    del signed["Subject"]
    assert is_refused(calls.sns_call(signed), calls.account("ses"))
    unsigned = calls.sns_envelope()
    added = {**unsigned, "Signature": calls.sns_signature(unsigned), "Subject": "Hello"}
    assert is_refused(calls.sns_call(added), calls.account("ses"))


@pytest.mark.parametrize("version", ["", "0", "3", "2 "])
def test_an_unknown_version_of_a_signature_is_refused(version: str) -> None:
    envelope = calls.sns_envelope()
    signed = {**envelope, "Signature": calls.sns_signature(envelope), "SignatureVersion": version}
    assert is_refused(calls.sns_call(signed), calls.account("ses"))


def test_a_signature_of_one_version_is_none_of_the_other() -> None:
    envelope = calls.sns_envelope(SignatureVersion="1")
    signed = {**envelope, "Signature": calls.sns_signature(envelope), "SignatureVersion": "2"}
    assert is_refused(calls.sns_call(signed), calls.account("ses"))


def test_the_topic_of_a_stranger_is_refused_though_amazon_signs_for_it() -> None:
    stranger = calls.sns_call(calls.sns_envelope(TopicArn="arn:aws:sns:eu-west-1:999999999999:mail"))
    assert is_refused(stranger, calls.account("ses"))
    with pytest.raises(InvalidSignature, match="TopicArn"):
        PROVIDERS["ses"].key_urls(stranger, calls.account("ses"))


@pytest.mark.parametrize("header", ["x-amz-sns-message-type", "x-amz-sns-message-id"])
@pytest.mark.parametrize("value", [None, "", "SubscriptionConfirmation"])
def test_the_headers_of_sns_say_what_the_body_says(header: str, value: str | None) -> None:
    request = calls.sns_call(calls.sns_envelope())
    headers = {key: text for key, text in request.headers.items() if key != header}
    stated = headers if value is None else {**headers, header: value}
    changed = replace(request, headers=stated)
    assert is_refused(changed, calls.account("ses"))


def test_raw_delivery_is_refused_and_says_what_to_do() -> None:
    request = calls.call(b'{"notificationType": "Received"}', "text/plain", x_amz_sns_rawdelivery="true")
    with pytest.raises(InvalidSignature, match="turn it off"):
        PROVIDERS["ses"].key_urls(request, calls.account("ses"))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://sns.eu-west-1.amazonaws.com/a.pem", True),
        ("https://sns.cn-north-1.amazonaws.com.cn/a.pem", True),
        ("http://sns.eu-west-1.amazonaws.com/a.pem", False),
        ("https://sns.eu-west-1.amazonaws.com:8443/a.pem", False),
        ("https://sns.eu-west-1.amazonaws.com.evil.example/a.pem", False),
        ("https://evil.example/sns.eu-west-1.amazonaws.com/a.pem", False),
        ("https://sns.eu-west-1.amazonaws.com@evil.example/a.pem", False),
        ("https://evil.example\\.sns.eu-west-1.amazonaws.com/a.pem", False),
        ("https://evil.example#.sns.eu-west-1.amazonaws.com/a.pem", False),
        ("https://sns.eu.amazonaws.com/a.pem", False),
        ("https://bucket.s3.amazonaws.com/a.pem", False),
        ("https://sns.eu-west-1.amazonaws.com\n/a.pem", False),
        ("https://[::1]/a.pem", False),
        ("https://[", False),
        ("", False),
    ],
)
def test_only_hosts_of_sns_are_hosts_of_sns(url: str, expected: bool) -> None:
    assert is_sns_url(url) is expected


@pytest.mark.parametrize(
    "url", ["https://sns.eu-west-1.amazonaws.com/key", "https://sns.eu-west-1.amazonaws.com/a.pem?x=1.pem", ""]
)
def test_a_certificate_is_a_pem_file_of_sns(url: str) -> None:
    with pytest.raises(InvalidSignature, match="SigningCertURL"):
        PROVIDERS["ses"].key_urls(calls.sns_call(calls.sns_envelope(SigningCertURL=url)), calls.account("ses"))


def test_the_certificate_that_the_call_names_is_fetched() -> None:
    request = calls.sns_call(calls.sns_envelope())
    assert PROVIDERS["ses"].key_urls(request, calls.account("ses")) == (calls.CERTIFICATE_URL,)


def test_a_certificate_that_is_missing_another_or_none_refuses_the_call() -> None:
    request, other = calls.sns_call(calls.sns_envelope()), generate_rsa_key(65537, 2048)
    elliptic = calls.certificate(calls.sendgrid_key())
    for keys in ({}, *({calls.CERTIFICATE_URL: pem} for pem in (calls.certificate(other), elliptic, b"", b"no PEM"))):
        assert is_refused(replace(request, public_keys=keys), calls.account("ses"))


def test_a_subscription_to_the_accounts_topic_is_confirmed_at_amazon() -> None:
    request = calls.sns_call(calls.sns_envelope(Type="SubscriptionConfirmation", **CONFIRMATION))
    answer = PROVIDERS["ses"].handshake(request, calls.account("ses"))
    assert answer is not None
    assert (answer.status, answer.confirm_url) == (200, CONFIRMATION["SubscribeURL"])
    assert PROVIDERS["ses"].handshake(calls.sns_call(calls.sns_envelope()), calls.account("ses")) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"TopicArn": "arn:aws:sns:eu-west-1:999999999999:mail"},
        {"SubscribeURL": "https://evil.example/?Action=ConfirmSubscription"},
        {"Signature": base64.b64encode(bytes(256)).decode()},
    ],
)
def test_no_other_subscription_is_confirmed(changes: dict[str, str]) -> None:
    envelope = calls.sns_envelope(**{"Type": "SubscriptionConfirmation", **CONFIRMATION, **changes})
    with pytest.raises(InvalidSignature):
        PROVIDERS["ses"].handshake(calls.sns_call(envelope), calls.account("ses"))


def test_sns_is_asked_for_user_and_password_where_the_account_has_them() -> None:
    account = calls.account("ses", basic_user="sns", basic_password="a-long-password")
    request = calls.sns_call(calls.sns_envelope())
    with pytest.raises(InvalidSignature) as asked:
        PROVIDERS["ses"].key_urls(request, account)
    assert asked.value.challenge is not None
    answered = {**request.headers, "authorization": calls.basic("sns", "a-long-password")}
    verify(replace(request, headers=answered), account)
    forged = {**request.headers, "authorization": calls.basic("sns", "another-password")}
    assert is_refused(replace(request, headers=forged), account)


# -- mutations ---------------------------------------------------------------------------------------------------------

PROVEN = {
    "mailgun": calls.fixture("mailgun_event_delivered.json"),
    "sendgrid": calls.fixture("sendgrid_raw.multipart"),
    "ses": calls.sns_call(calls.sns_envelope(Message="mail")),
}


def signed_values(provider: str, request: Request) -> Any:
    """What a provider's signature covers, as it is read from a call; None where it cannot be read."""
    if provider == "sendgrid":
        return request.body
    try:
        stated: Any = json.loads(request.body)
        return stated["signature"] if provider == "mailgun" else stated
    except (ValueError, KeyError, TypeError):
        return None


@pytest.mark.parametrize("provider", sorted(PROVEN))
@given(data=st.data())
@examples(300)
def test_no_mutation_of_what_is_signed_is_accepted(provider: str, data: st.DataObject) -> None:
    request, account = PROVEN[provider], calls.account(provider)
    at = data.draw(st.integers(0, len(request.body) - 1))
    inserted = data.draw(st.binary(max_size=3))
    body = request.body[:at] + inserted + request.body[at + data.draw(st.integers(0, 3)) :]
    changed = replace(request, body=body)
    is_same = signed_values(provider, changed) == signed_values(provider, request)
    assert is_refused(changed, account) is not is_same


@given(data=st.data())
@examples(300)
def test_a_signature_can_be_written_in_one_way_only(data: st.DataObject) -> None:
    request = PROVEN["sendgrid"]
    signature = request.headers[calls.SENDGRID_SIGNATURE]
    at = data.draw(st.integers(0, len(signature)))
    text = (
        signature[:at] + data.draw(st.text("+/=AZaz09 \n", max_size=2)) + signature[at + data.draw(st.integers(0, 2)) :]
    )
    changed = replace(request, headers={**request.headers, calls.SENDGRID_SIGNATURE: text})
    assert is_refused(changed, calls.account("sendgrid")) is not (text == signature)


def test_a_call_is_as_old_as_its_arrival_says() -> None:
    for provider in ("mailgun", "sendgrid"):
        later = replace(PROVEN[provider], received_at=calls.RECEIVED + timedelta(minutes=6))
        assert is_refused(later, calls.account(provider))
