"""What an agent asks to be remembered is its own word: below a person's, and a person's once a person says it too."""

from __future__ import annotations

from dataclasses import replace

import pytest
from learning_kit import Shelf, candidate

from sidecar import curate
from sidecar.model import Candidate, Memory, Source, Status

OLD = "The staging database listens on 5432."
NEW = "The staging database listens on 5433 now."


def kept(content: str, minutes: int, key: str | None = None) -> Candidate:
    """As the MCP tool `remember` brings it in."""
    source = curate.agent_source("remember", session=None, by="ines@test")
    return replace(candidate(content, minutes=minutes, key=key), source=source, extractor=None)


def told(content: str, minutes: int, key: str | None = None) -> Candidate:
    """As `sidecar remember` brings it in."""
    source = curate.human_source("remember", session=None, by="ines@test")
    return replace(candidate(content, minutes=minutes, key=key), source=source, extractor=None)


def only(shelf: Shelf, content: str) -> Memory:
    [found] = [memory for memory in shelf.memories.values() if memory.content == content]
    return found


@pytest.mark.parametrize(
    ("source", "human"),
    [
        (Source("remember", speaker="user"), True),
        (Source("remember"), True),  # as files of before say it
        (Source("remember", speaker="assistant"), False),
        (Source("hand", speaker="assistant"), True),
        (Source("transcript", speaker="user"), True),
        (Source("transcript", speaker="assistant"), False),
        (Source("transcript"), False),
    ],
)
def test_who_stands_behind_a_memory(source: Source, human: bool) -> None:
    shelf = Shelf()
    shelf.take(replace(candidate(OLD), source=source))
    assert only(shelf, OLD).human is human


@pytest.mark.parametrize("key", [None, "staging/database"])
def test_an_agents_word_does_not_replace_a_persons(key: str | None) -> None:
    for first in (candidate(OLD, key=key), told(OLD, 0, key)):
        shelf = Shelf()
        shelf.take(first)
        shelf.take(kept(NEW, 10, key))
        assert shelf.active() == [OLD]
        assert only(shelf, NEW).status is Status.SUPERSEDED  # kept in the archive, for who looks


@pytest.mark.parametrize("key", [None, "staging/database"])
def test_a_persons_word_replaces_an_agents(key: str | None) -> None:
    for second in (candidate(NEW, minutes=10, key=key), told(NEW, 10, key)):
        shelf = Shelf()
        shelf.take(kept(OLD, 0, key))
        shelf.take(second)
        assert shelf.active() == [NEW]


def test_of_two_agents_the_later_counts() -> None:
    shelf = Shelf()
    shelf.take(kept(OLD, 0, "staging/database"))
    shelf.take(kept(NEW, 10, "staging/database"))
    assert shelf.active() == [NEW]


def test_it_becomes_a_persons_once_a_person_says_the_same() -> None:
    for second in (candidate(OLD, minutes=10), told(OLD, 10)):
        shelf = Shelf()
        shelf.take(kept(OLD, 0))
        assert not only(shelf, OLD).human
        shelf.take(second)
        assert only(shelf, OLD).human
        shelf.take(kept(NEW, 20))
        assert shelf.active() == [OLD]


def test_an_agents_repetition_takes_nothing_from_a_persons_word() -> None:
    shelf = Shelf()
    shelf.take(told(OLD, 0))
    shelf.take(kept(OLD, 10))
    assert only(shelf, OLD).source.speaker == "user"
