"""Texts of megabytes: nothing is missed at the edges of pieces, and what redaction holds does not grow with them."""

import tracemalloc

import pytest

from benchmarks.secretcases.made import Maker
from sidecar.redact import audit, redact
from sidecar.redact.pieces import LONG

FILLER = "the quick brown fox jumps over the lazy dog, and nothing else happens on this line of prose\n"


def test_secrets_in_a_long_text_are_found_wherever_they_stand():
    tokens = [f"ghp_{Maker(f'long {number}').alnum(36)}" for number in range(300)]
    text = "".join(f"{FILLER * (11 + number % 7)}see {token} here\n" for number, token in enumerate(tokens))
    assert len(text) > LONG * 0.7
    text += FILLER * 3000
    assert len(text) > LONG
    done = redact(text)
    assert done.found == {"github-token": 300}
    assert not [token for token in tokens if token in done.text]
    assert audit(done.text) == []


@pytest.mark.parametrize("at", [60_000, 119_990, 120_000, 121_000, 200_000])
def test_a_key_across_the_edge_of_a_piece_goes_whole(at):
    key = Maker(f"edge {at}").pem("RSA PRIVATE KEY", 1190).replace("«", "").replace("»", "")
    body = [line for line in key.splitlines() if not line.startswith("---")]
    text = "x" * (at % 97) + "\n" + FILLER * (at // len(FILLER)) + key + "\n" + FILLER * (LONG // len(FILLER))
    done = redact(text).text
    assert not [line for line in body if line in done]
    assert done.endswith(FILLER * 100)


def test_a_private_block_may_be_longer_than_a_piece():
    text = FILLER + "<private>" + FILLER * (LONG // len(FILLER) + 10) + "</private> behind\n" + FILLER * 10
    assert redact(text).text == FILLER + "[redacted:private] behind\n" + FILLER * 10


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["password ", "sk-", "://a:b9x8@"])
def test_memory_is_bounded(unit):
    """What is looked into at every place takes less than four times its size beside itself, and a fixed amount."""
    text = unit * (2 * LONG // len(unit))
    redact(text[:1000])
    tracemalloc.start()
    redact(text, spoken=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * len(text) + 12_000_000
