"""`python -m bench.mutations [--count 100000] [proof...]`: forged calls of every platform, none of which may be accepted.

It ends with 1 when one was. The proofs, and what each of them covers, are those of `tests/channels/proofs.py`.
"""

import argparse
import random
import sys
import time

from tests.channels.proofs import Proof, proofs

COUNT = 100_000


def main() -> None:
    """Mutate, and print a line for each proof."""
    parser = argparse.ArgumentParser(prog="python -m bench.mutations", description=__doc__)
    parser.add_argument("proof", nargs="*", help="names of proofs, such as whatsapp; none: all")
    parser.add_argument("--count", type=int, default=COUNT, help="mutations of each proof")
    parser.add_argument("--seed", type=int, default=None, help="of the random numbers; none: another one at each run")
    asked = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if asked.seed is None else asked.seed
    print(f"seed {seed}")
    found = [_try(proof, asked.count, seed) for proof in proofs() if not asked.proof or proof.name in asked.proof]
    sys.exit(1 if sum(found) else 0)


def _try(proof: Proof, count: int, seed: int) -> int:
    """Try `count` mutations of one proof, evenly over its parts; how many were accepted."""
    chance, begun, accepted, tried = random.Random(seed), time.monotonic(), 0, 0
    for number, part in enumerate(proof.parts):
        share = count // len(proof.parts) + (number < count % len(proof.parts))
        for mutated in part.mutations(chance, share):
            tried += 1
            if proof.accepts(part, mutated):
                accepted += 1
                print(f"  ACCEPTED {proof.name}, {part.name}: {mutated!r}")
    took = time.monotonic() - begun
    print(
        f"{proof.name:20} {tried:7,} mutations of {len(proof.parts):2} parts, {accepted} accepted, {took:.1f} s",
        flush=True,
    )
    return accepted


if __name__ == "__main__":
    main()
