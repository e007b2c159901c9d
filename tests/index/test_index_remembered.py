"""What is remembered of a commit's terms has an end, and says the same as looking it up."""

from __future__ import annotations

from index_builders import API, WEB, Held, memory

from sidecar.index import Index
from sidecar.index.documents import profile_number
from sidecar.index.remembered import Remembered


def test_all_is_forgotten_once_it_is_much() -> None:
    kept = Remembered[int](3)
    kept.add(1, "text", {"a": 1, "b": 2})
    kept.add(2, "text", {"a": 3})
    assert (kept.of(1, "text").get("b"), kept.of(2, "text").get("a"), kept.of(1, "all").get("a")) == (2, 3, None)
    kept.add(1, "text", {"c": 4})
    assert (dict(kept.of(1, "text")), dict(kept.of(2, "text"))) == ({"c": 4}, {})


def test_counts_are_those_of_the_field_and_profile_and_of_the_commit(index: Index) -> None:
    held = Held([memory("A", "pnpm port", summary="pnpm"), memory("B", "port", profile=API, summary="-")])
    index.sync(held)
    before, terms = index.view.memories.reader, ["pnpm", "port", "none"]
    for _ in range(2):
        assert before.frequencies(profile_number(WEB), "content", terms) == {"pnpm": 1, "port": 1, "none": 0}
        assert before.frequencies(profile_number(WEB), "summary", terms) == {"pnpm": 1, "port": 0, "none": 0}
        assert before.frequencies(profile_number(API), "content", terms) == {"pnpm": 0, "port": 1, "none": 0}
    index.sync(Held([*held.stored, memory("C", "port")]))
    assert before.frequencies(profile_number(WEB), "content", terms)["port"] == 1
    assert index.view.memories.reader.frequencies(profile_number(WEB), "content", terms)["port"] == 2
