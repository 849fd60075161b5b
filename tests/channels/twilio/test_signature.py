"""Twilio's signature: the vectors of its own library, and what it does not say."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import pytest

from services.channels.port import InvalidPayload, InvalidSignature, Request
from services.channels.sms import Sms
from services.channels.twilio.form import form_pairs, read_fields
from services.channels.twilio.signature import HEADER, called_addresses, signature
from tests.channels.sms.cases import account, request, written
from tests.channels.twilio.calls import PUBLIC_URL, RECEIVED, TOKEN, form_of, signed_call

ADDRESS = "https://mycompany.com/myapp.php?foo=1&bar=2"
CALL = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
    ("Caller", "+14158675309"),
]
REPEATED = [
    ("Sid", "CA123"),
    ("SidAccount", "AC123"),
    ("Digits", "5678"),
    ("Digits", "1234"),
    ("Digits", "1234"),
]


@pytest.mark.parametrize(
    ("address", "pairs", "expected"),
    [
        (ADDRESS, CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (ADDRESS.replace(".com", ".com:443"), CALL, "kvajT1Ptam85bY51eRf/AJRuM3w="),
        (ADDRESS.replace("https://mycompany.com", "http://mycompany.com:80"), CALL, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
        (ADDRESS.replace("https://mycompany.com", "http://mycompany.com:1234"), CALL, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
        (ADDRESS, REPEATED, "IK+Dwps556ElfBT0I3Rgjkr1wJU="),
        (
            f"{ADDRESS}&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620",
            [],
            "a9nBmqA0ju/hNViExpshrM61xv4=",
        ),
    ],
)
def test_the_vectors_of_twilios_own_library(address: str, pairs: Sequence[tuple[str, str]], expected: str) -> None:
    assert signature("12345", address, pairs) == expected


@pytest.mark.parametrize(
    ("public_url", "signed"),
    [
        ("https://support.example", "https://support.example:443"),
        ("https://support.example:443", "https://support.example"),
        ("https://support.example:8443", "https://support.example"),
        ("https://user:word@support.example", "https://user:word@support.example:443"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]"),
        ("https://support.example/base/", "https://support.example/base"),
    ],
)
def test_an_address_is_tried_with_and_without_its_port(public_url: str, signed: str) -> None:
    call = Request("POST", "/webhooks/sms/shop/main", {}, {}, b"", RECEIVED)
    assert f"{signed}/webhooks/sms/shop/main" in called_addresses(public_url, call)


def is_accepted(call: Request) -> bool:
    try:
        Sms().verify(call, account())
    except InvalidSignature:
        return False
    return True


def test_each_live_token_proves_a_call() -> None:
    rotating = account(credentials={**account().body.credentials, "auth_token": ["the-new-token", TOKEN]})
    body = form_of(written("SM1", "hello"))
    for token in ("the-new-token", TOKEN):
        Sms().verify(signed_call("/webhooks/sms/shop/main", body, token=token), rotating)
    with pytest.raises(InvalidSignature):
        Sms().verify(signed_call("/webhooks/sms/shop/main", body, token="another"), rotating)


def test_the_query_of_our_address_is_signed() -> None:
    body = form_of(written("SM1", "hello"))
    call = request(body, "message=a")
    assert is_accepted(call)
    assert not is_accepted(replace(call, raw_query="message=b", query={"message": "b"}))


def test_json_is_proven_by_the_hash_in_the_address() -> None:
    body = b'{"MessageSid": "SM1", "From": "+37126000001", "Body": "hello"}'
    query = f"bodySHA256={hashlib.sha256(body).hexdigest()}"
    call = signed_call("/webhooks/sms/shop/main", b"", query)
    call = replace(call, body=body, headers={**call.headers, "content-type": "application/json"})
    assert is_accepted(call)
    assert read_fields(call)["Body"] == "hello"
    assert not is_accepted(replace(call, body=body.replace(b"hello", b"other")))
    assert not is_accepted(replace(call, raw_query="", query={}))


@pytest.mark.parametrize(
    "body",
    [
        b"MessageSid=SM1&NumMedia0=&From=%2B37126000001",
        b"MessageSid=SM1&NumMedia=0&From=%2b37126000001",
        b"MessageSid=SM1&NumMedia=0&&From=%2B37126000001",
        b"MessageSid=SM1&NumMedia=0&NumMedia=0&From=%2B37126000001",
        b"MessageSid=SM1&NumMedia&From=%2B37126000001",
        b"MessageSid=SM1&SomethingNew=1&SomethingNew=1",
        b"MessageSid=SM1M&essageStatus=delivered",
        b"MessageSid=SM1&NumMedia=0&From=%FF",
        b"MessageSid=SM1&NumMedia=0&From=%2",
        b"MessageSid=SM1&Body=two words",
    ],
)
def test_a_form_that_could_be_read_in_two_ways_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"form"):
        form_pairs(body)
    header = signature(TOKEN, f"{PUBLIC_URL}/webhooks/sms/shop/main", [("MessageSid", "SM1")])
    assert not is_accepted(replace(request(b"MessageSid=SM1"), body=body, headers={HEADER: header}))
    with pytest.raises(InvalidPayload):
        read_fields(replace(request(b"MessageSid=SM1"), body=body))


def test_a_field_that_twilio_adds_is_read() -> None:
    assert dict(form_pairs(b"MessageSid=SM1&From=%2B1&FromRegion=x&Body=&ToNew=1&To=%2B2"))["FromRegion"] == "x"
