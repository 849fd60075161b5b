"""No forged call of any platform is taken for genuine. `python -m bench.mutations` tries 100,000 a proof."""

import random

import pytest

from services.channels.mail.providers import PROVIDERS
from tests.channels.proofs import Proof, proofs
from tests.channels.test_every_channel import WITH_WEBHOOKS

MUTATIONS = 1_000
every_proof = pytest.mark.parametrize("proof", proofs(), ids=lambda proof: proof.name)


def test_every_channel_and_provider_has_one() -> None:
    names = [proof.name for proof in proofs()]
    by_provider = [*(f"email by {name}" for name in PROVIDERS), "reviews by google_business"]
    assert names == [*(channel.name for channel in WITH_WEBHOOKS), *by_provider]
    assert all(proof.parts for proof in proofs())


@every_proof
def test_the_genuine_call_is_accepted(proof: Proof) -> None:
    assert [part.name for part in proof.parts if not proof.accepts(part, part.genuine)] == []


@every_proof
def test_no_mutation_of_what_is_proven_is_accepted(proof: Proof) -> None:
    chance = random.Random(11)
    for part in proof.parts:
        accepted = [m for m in part.mutations(chance, MUTATIONS // len(proof.parts)) if proof.accepts(part, m)]
        assert accepted == [], part.name
