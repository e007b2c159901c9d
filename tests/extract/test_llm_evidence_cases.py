"""The evidence check on a table of invented sources and claims, in very different ways of speaking."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from llm_talk import SESSION, said

from sidecar.extract import Slice
from sidecar.extract.llm.evidence import Claim, Evidence, Finding
from sidecar.extract.llm.lines import numbered

TABLE = yaml.safe_load(Path(__file__).with_name("evidence_cases.yaml").read_text("utf-8"))


def cases(which: str) -> list[tuple[str, list[str], str]]:
    return [
        (group["at"], [source] if isinstance(source, str) else source, claim)
        for group in TABLE
        for source, claim in group[which]
    ]


def check(at: str, sources: list[str], content: str) -> Finding:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    messages = tuple(
        said("user", text, number, time=moment + timedelta(minutes=number)) for number, text in enumerate(sources, 1)
    )
    lines = numbered(Slice(SESSION, messages))
    return Evidence(lines).check(Claim(content, tuple(line.number for line in lines)))


@pytest.mark.parametrize(("at", "sources", "content"), cases("holds"))
def test_what_the_source_says_in_other_words_passes(at: str, sources: list[str], content: str) -> None:
    finding = check(at, sources, content)
    assert finding.kept, finding.why


@pytest.mark.parametrize(("at", "sources", "content"), cases("fails"))
def test_what_the_source_does_not_say_is_dropped(at: str, sources: list[str], content: str) -> None:
    assert not check(at, sources, content).kept


def test_the_table_is_large_enough_to_tell_something() -> None:
    assert len(cases("holds")) >= 150
    assert len(cases("fails")) >= 120
