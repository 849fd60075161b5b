"""Names and texts of others turn nothing around outside themselves."""

import pytest

from services.text.bidi_isolation import isolate

FSI, PDI, RLO, PDF, RLI = "\u2068", "\u2069", "\u202e", "\u202c", "\u2067"


@pytest.mark.parametrize(
    ("text", "isolated"),
    [
        ("Sara", "Sara"),
        ("سارا", f"{FSI}سارا{PDI}"),
        (f"a{RLO}b", f"{FSI}a{RLO}b{PDF}{PDI}"),
        (f"a{RLI}{RLO}b", f"{FSI}a{RLI}{RLO}b{PDF}{PDI}{PDI}"),
        (f"a{PDI}b{PDF}", f"{FSI}ab{PDI}"),
        (f"{RLI}a{PDI}", f"{FSI}{RLI}a{PDI}{PDI}"),
    ],
)
def test_what_a_text_opens_it_closes(text: str, isolated: str) -> None:
    assert isolate(text) == isolated
