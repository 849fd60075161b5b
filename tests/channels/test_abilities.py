"""Which channel has which ability."""

from dataclasses import fields

from services.channels.abilities import Abilities, find_abilities
from services.channels.registry import CHANNELS
from tests.fakes.channels import AnsweringChannel, KeyChannel, MailChannel, PagesChannel, PlainChannel


def names(abilities: Abilities) -> dict[str, set[str]]:
    return {one.name: set(getattr(abilities, one.name)) for one in fields(abilities) if getattr(abilities, one.name)}


def test_tables_of_the_registry() -> None:
    found = names(find_abilities(CHANNELS))
    assert {"telegram"} <= found["polls"] & found["checks"] & found["actions"] & found["media"] & found["file_senders"]
    assert found["responders"] == {"sms", "voice"}
    assert {"email"} <= found["public_keys"] & found["inline_files"] & found["checks"]
    assert {"instagram", "messenger", "whatsapp"} <= found["shared_endpoints"]
    assert {"instagram", "messenger"} <= found["checks"] & found["file_senders"]
    assert {"whatsapp"} <= found["checks"] & found["media"] & found["file_senders"] & found["actions"]


def test_an_ability_is_found_by_its_methods() -> None:
    channels: dict[str, PlainChannel] = {
        "shared_endpoints": PagesChannel(),
        "public_keys": KeyChannel(),
        "responders": AnsweringChannel(),
        "inline_files": MailChannel(),
    }
    for name, channel in channels.items():
        channel.name = name
    assert names(find_abilities([*channels.values(), PlainChannel()])) == {name: {name} for name in channels}
