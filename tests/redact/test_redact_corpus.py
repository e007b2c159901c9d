"""The made-up cases of docs/secrets.md: at most so many missed, at most so many harmed, and what they are made of."""

from pathlib import Path

import pytest

from benchmarks.secretcases import dev_harmless, dev_secrets, held_harmless, held_secrets, measure, trial
from benchmarks.secretcases.made import windows

CASES = [*dev_secrets.cases(), *held_secrets.cases()]
HARMLESS = [*dev_harmless.cases(), *held_harmless.cases()]


def test_there_are_enough_of_many_forms():
    assert len(CASES) >= 80
    assert len({case.form for case in CASES}) >= 20
    assert len(HARMLESS) >= 200
    for half in (dev_secrets.cases(), held_secrets.cases()):
        assert len({case.name for case in half}) == len(half)


def test_no_secret_stays():
    """None of both halves any more: docs/secrets.md has the figures of before."""
    assert [case.name for case in measure.missed(CASES)] == []


def test_under_three_in_a_hundred_lookalikes_are_harmed():
    assert len(measure.harmed(HARMLESS)) < 0.03 * len(HARMLESS)


def test_no_made_up_key_stands_in_the_sources():
    """They are put together at run time, so that no scanner of pushed files takes this repository for a leak."""
    folder = Path(trial.__file__).parent
    sources = "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py")))
    long = {part for case in CASES for hidden in case.hidden if len(hidden) > 24 for part in windows(hidden)}
    told = {part for part in long if part in sources and " " not in part}
    assert len(told) <= 3, told  # beginnings that the issuers have made long


@pytest.mark.slow
def test_every_road_leads_past_no_secret():
    """A daemon of its own takes cases in by every road; then every byte below its home is looked at."""
    assert trial.walked(CASES[::6], cli=False) == {}
