"""What holds of every merge, whatever both sides have done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from merge_kit import START, delete, forget, found_in, memory, merged, move, restore, revised, reworded, tree, without

from sidecar import curate
from sidecar.frontmatter import load_mapping, render
from sidecar.identity import content_hash
from sidecar.merge import Tree
from sidecar.merge.reading import leaf_of
from sidecar.merge.versions import settled
from sidecar.model import MemoryType, Status
from sidecar.store.layout import path_for, tombstone_path

Step = Callable[[dict[str, bytes]], dict[str, bytes]]
NUMBER = st.integers(min_value=0, max_value=40)
WORDS = st.sampled_from(["one", "two", "three", "vier", "五"])
KEYS = st.sampled_from(["a/one", "b", None])


def on(pick: int, act: Callable[[dict[str, bytes], str], dict[str, bytes]], *statuses: Status) -> Step:
    """A step on one of the memories that are there, if any has such a status."""

    def step(files: dict[str, bytes]) -> dict[str, bytes]:
        known = sorted(i for i, (_, m) in found_in(files).items() if not statuses or m.status in statuses)
        return act(files, known[pick % len(known)]) if known else files

    return step


@st.composite
def steps(draw: st.DrawFn) -> Step:
    pick, number = draw(NUMBER), draw(NUMBER)
    words = f"{draw(WORDS)} {draw(NUMBER)}"
    moved = f"m/{draw(st.sampled_from('abC'))}{number % 3}.md"
    extra = memory(words, number, key=draw(KEYS), type=draw(st.sampled_from(list(MemoryType)[:3])))
    active = Status.ACTIVE
    table: dict[str, Step] = {
        "add": lambda files: added(files, extra.replace(key=None)),
        "learn": lambda files: learned(files, extra.replace(key="a/one", type=MemoryType.FACT)),
        "reword": on(pick, lambda files, i: reworded(files, i, words, number), active),
        "machine": on(pick, lambda files, i: reworded(files, i, words), active),
        "tag": on(pick, lambda files, i: revised(files, i, tags=(words, "t"))),
        "pin": on(pick, lambda files, i: revised(files, i, pinned=number % 2 == 0, summary=words)),
        "date": on(pick, lambda files, i: revised(files, i, created=START - timedelta(minutes=number))),
        "forget": on(pick, lambda files, i: forget(files, i, number), active),
        "delete": on(pick, lambda files, i: delete(files, i, number), active),
        "restore": on(pick, lambda files, i: settled_key(restore(files, i), i), Status.FORGOTTEN),
        "move": on(pick, lambda files, i: moved_to(files, i, moved), active),
        "file": lambda files: {**files, f"f{number % 3}.txt": f"file {words}".encode()},
        "drop": lambda files: without(files, f"f{number % 3}.txt"),
    }
    return table[draw(st.sampled_from(sorted(table)))]


def added(files: dict[str, bytes], one) -> dict[str, bytes]:
    known = found_in(files)
    if one.id in known or tombstone_path(one.id, private=False) in files or path_for(one) in files:
        return files
    return {**files, path_for(one): render(one)}


def learned(files: dict[str, bytes], one) -> dict[str, bytes]:
    """A new version of a key."""
    files = added(files, one)
    return settled_key(files, one.id) if one.id in found_in(files) else files


def settled_key(files: dict[str, bytes], identifier: str) -> dict[str, bytes]:
    """The versions of a memory's key as the daemon would leave them."""
    known = found_in(files)
    key = known[identifier][1].key
    if key is None:
        return files
    before = {i: leaf_of(path, files[path]) for i, (path, m) in known.items() if m.key == key}
    after = settled(before, {key}, curate.settle)
    old = [leaf.path for leaf in before.values()]
    return {**without(files, *old), **{leaf.path: leaf.data for leaf in after.values()}}


def moved_to(files: dict[str, bytes], identifier: str, target: str) -> dict[str, bytes]:
    path = found_in(files)[identifier][0]
    return files if any(target.casefold() == known.casefold() for known in files) else move(files, path, target)


@st.composite
def histories(draw: st.DrawFn, sides: int) -> list[dict[str, bytes]]:
    """A base and what so many sides have made of it."""
    base = tree()
    for step in draw(st.lists(steps(), max_size=6)):
        base = step(base)
    found = [base]
    for _ in range(sides):
        side = dict(base)
        for step in draw(st.lists(steps(), max_size=4)):
            side = step(side)
        found.append(side)
    return found


def words_of(files: Tree) -> set[str]:
    return {m.content for _, m in found_in(files).values()} | {
        d.decode() for p, d in files.items() if p.endswith(".txt")
    }


def stones(files: Tree) -> set[str]:
    return {path for path in files if path.startswith("tombstones/")}


MANY = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


@MANY
@given(histories(2))
def test_a_merge_loses_nothing_and_undoes_nothing(trees) -> None:
    base, ours, theirs = trees
    found = merged(base, ours, theirs)  # the same from both sides
    was, mine, yours = words_of(base), words_of(ours), words_of(theirs)
    wanted = {c for c in mine | yours if not (c in was and (c not in mine or c not in yours))}
    assert {words for words in wanted if not refused(found, words)} <= words_of(found)
    lifted = {stone for stone in stones(base) if stone not in ours or stone not in theirs}
    assert (stones(ours) | stones(theirs)) - lifted <= stones(found)
    for identifier, (path, one) in found_in(found).items():
        buried = tombstone_path(identifier, private=False) in found
        assert buried is (one.status is Status.FORGOTTEN)
        assert path.startswith("archive/") is (one.status in (Status.FORGOTTEN, Status.SUPERSEDED))
    active = [m.key for _, m in found_in(found).values() if m.status is Status.ACTIVE and m.type in curate.KEYED_TYPES]
    keyed = [key for key in active if key is not None]
    assert len(keyed) == len(set(keyed))
    assert not any(b"<<<<<<<" in data for data in found.values())
    assert len({path.casefold() for path in found}) == len(found)
    assert len(found_in(found)) == sum(path.endswith(".md") for path in found)


@MANY
@given(histories(2))
def test_a_merge_repeated_changes_nothing(trees) -> None:
    base, ours, theirs = trees
    found = merged(base, ours, theirs)
    assert merged(base, ours, ours) == ours
    assert merged(base, base, theirs) == theirs
    assert merged(base, found, theirs) == found
    assert merged(base, found, ours) == found
    assert merged(ours, found, ours) == found


def refused(files: Tree, words: str) -> bool:
    """Whether a tombstone names the words."""
    hashes = {load_mapping(files[stone])["content_hash"] for stone in stones(files)}
    return any(content_hash(kind, words) in hashes for kind in MemoryType)


def told(files: Tree) -> dict[str, object]:
    """What a tree remembers, and which words it refuses.

    Which file of the archive still holds forgotten words may depend on what met first: a removal beats a change that is
    no change of words, but such a change may have met other words before.  Nor does it bring back what a version had
    superseded that is forgotten later, so where something is forgotten, versions count by their words alone.
    """
    hashes = {load_mapping(files[stone])["content_hash"] for stone in stones(files)}
    known = found_in(files)
    keyed = {path: one.content for path, one in known.values() if one.key is not None} if hashes else {}
    gone = {path for path, one in known.values() if one.status is Status.FORGOTTEN}
    words = {content for path, content in keyed.items() if path not in gone}
    return {**without(files, *gone, *keyed, *stones(files)), "refused": hashes, "words": words}


@MANY
@given(histories(3))
def test_the_order_of_merges_does_not_matter(trees) -> None:
    base, a, b, c = trees
    assert told(merged(base, merged(base, a, b), c)) == told(merged(base, a, merged(base, b, c)))
