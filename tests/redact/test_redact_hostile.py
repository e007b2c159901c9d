"""Hostile text takes time and memory that grow with its length, and loses nothing that was found in a short one."""

import time
import tracemalloc

import pytest
from hostile_repeats import ROWS

from benchmarks.secretcases.made import Maker
from sidecar.redact import audit, crowds, redact
from sidecar.redact.pieces import LONG

SMALL, LARGE = 9_000, 36_000
MORE = 8
"""A text four times as long may take so many times as long: generous, for the machine may be busy."""
FILLER = "the quick brown fox jumps over the lazy dog, and nothing else happens on this line of prose\n"


def seconds(unit: str, size: int) -> float:
    text = unit * (size // len(unit))
    started = time.process_time()
    redact(text, spoken=True)
    return time.process_time() - started


@pytest.mark.parametrize(("family", "unit"), ROWS)
def test_time_grows_with_the_length(family: str, unit: str) -> None:
    """Of short times the noise is more than the growth: they are allowed a fixed part beside it."""
    allowed = MORE * seconds(unit, SMALL) + 0.04
    assert seconds(unit, LARGE) < allowed or seconds(unit, LARGE) < allowed, family


@pytest.mark.parametrize("unit", ["password ", "pw: x7!k ", "[redacted:"])
def test_memory_grows_no_faster_than_the_text(unit: str) -> None:
    peaks = []
    for size in (LONG + 1, 2 * LONG):
        text = unit * (size // len(unit))
        tracemalloc.start()
        redact(text)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 5 * LONG


def test_a_crowd_goes_whole_and_what_is_around_it_is_looked_at() -> None:
    maker = Maker("crowd")
    inside = "".join(f"pw: {maker.alnum(9)} " for _ in range(4000))
    token = f"ghp_{maker.alnum(36)}"
    done = redact(f"{FILLER * 20}{inside}\n\nthe password is x7!kq9Zz, see {token}.\n{FILLER * 20}")
    assert done.found[crowds.KIND] == 1
    assert done.text.startswith(FILLER * 20)
    assert done.text.endswith(f".\n{FILLER * 20}")
    assert "x7!kq9Zz" not in done.text
    assert token not in done.text
    assert not [word for word in inside.split() if word != "pw:" and word in done.text]
    assert redact(done.text).text == done.text


def test_a_crowd_across_pieces_goes_whole() -> None:
    inside = "пароль x7!k " * (LONG // 10)
    text = FILLER * 30 + inside + "\n\n" + FILLER * 30
    done = redact(text)
    assert "x7!k" not in done.text
    assert done.text.startswith(FILLER * 30)
    assert done.text.endswith(FILLER * 30)
    assert len(audit(text)) > 1


@pytest.mark.parametrize("unit", ["the password field is checked by the form. ", '{"key": "a", "value": 1}, ', "PASS,"])
def test_words_that_stand_further_apart_or_mean_more_are_no_crowd(unit: str) -> None:
    text = unit * (60_000 // len(unit))
    assert redact(text).text == text


def test_a_short_text_is_never_a_crowd() -> None:
    assert redact("password " * 3000).text == "password " * 3000
