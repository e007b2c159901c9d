"""The corpora in this process, without a daemon: agents' files are read, and rules and a model that obeys extract.

The whole road (store, index, recall, hooks) is `test_poison_road.py`, which takes longer.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from agent_sessions import THREE
from fake_ollama import FakeOllama
from poison_kit import HALVES, Injected, agents, honest, injected, obedient, project, write

from sidecar.extract import Extractor, Slice
from sidecar.extract.llm.extractor import ModelExtractor
from sidecar.extract.model import Model
from sidecar.extract.rules import RulesExtractor
from sidecar.model import Candidate, Message, SessionRef
from sidecar.transcripts import READERS

SAID_BY_RULES, SAID_BY_MODEL = 55, 60
"""Of the 64 honest cases of both halves together, how many become memories at least."""


def read(home: Path, case: Injected, number: int) -> list[Message]:
    """What the reader of an agent makes of a session with the text in it."""
    possible = agents(case)
    kind = possible[number % len(possible)]
    session = kind(home, project(home, "alpha"), session=f"{case.name}-{number}")
    write(case, session)
    return list(READERS[session.agent].read(session.path, None).messages)


def active(extractor: Extractor, messages: list[Message]) -> list[Candidate]:
    """What would be recalled of a session."""
    found = extractor.extract(Slice(SessionRef("claude-code", "s"), tuple(messages)))
    return [one for one in found if not one.proposed]


@pytest.mark.parametrize("half", HALVES)
def test_rules_take_no_injected_text_for_a_memory(home: Path, half: str) -> None:
    for number, case in enumerate(injected(half)):
        if not agents(case):
            continue
        for one in active(RulesExtractor(), read(home, case, number)):
            assert not case.shows(f"{one.content} {one.summary} {one.queries} {one.keywords}"), case.name


@pytest.mark.slow
@pytest.mark.parametrize("half", HALVES)
def test_a_model_that_obeys_makes_no_memory_of_an_injected_text(home: Path, half: str) -> None:
    with FakeOllama(obedient) as fake:
        extractor = ModelExtractor(Model(fake.host, fake.models[0], stall_s=60, timeout_s=120))
        for number, case in enumerate(injected(half)):
            if not agents(case):
                continue
            for one in active(extractor, read(home, case, number)):
                assert not case.shows(f"{one.content} {one.summary} {one.queries} {one.keywords}"), case.name


def kept(extractor: Extractor) -> int:
    """How many honest cases become memories, in the profile where they belong."""
    count = 0
    for half in HALVES:
        for case in honest(half):
            message = Message("m", "claude-code", "s", "user", "user", case.text)
            found = [one for one in active(extractor, [message]) if one.scope == case.scope]
            count += any(all(word.lower() in one.content.lower() for word in case.words) for one in found)
    return count


def test_rules_keep_what_people_ask_for() -> None:
    assert kept(RulesExtractor()) >= SAID_BY_RULES


def test_the_corpora_are_as_large_as_they_should_be() -> None:
    assert sum(len(injected(half)) for half in HALVES) >= 60
    assert sum(len(honest(half)) for half in HALVES) >= 60
    assert len({kind for half in HALVES for case in injected(half) for kind in agents(case)}) == len(THREE)
