"""Trees of memory files for merges, and machines that change them as people and the daemon do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sidecar import curate
from sidecar.frontmatter import Document, edit, parse, render
from sidecar.identity import content_hash, memory_id
from sidecar.merge import Tree, merge
from sidecar.model import Memory, MemoryType, Source, Status, Tombstone
from sidecar.store import tombstones
from sidecar.store.layout import RETIRED, archived, is_memory_path, path_for, tombstone_path, unarchived

START = datetime(2026, 11, 20, 16, 0, 0, tzinfo=UTC)
PROFILE = b"format: 1\nuuid: u-1\nname: web\nproject: {root_commit: null, remotes: []}\nshare: {remote: null}\n"


def merged(base: Tree, ours: Tree, theirs: Tree) -> dict[str, bytes]:
    """The merge, which must not depend on whose side is whose."""
    found = merge(base, ours, theirs, curate.settle)
    assert merge(base, theirs, ours, curate.settle) == found
    return found


def memory(content: str, minutes: int = 0, **fields: object) -> Memory:
    observed = START + timedelta(minutes=minutes)
    kind = fields.pop("type", MemoryType.FACT)
    assert isinstance(kind, MemoryType)
    source = Source("transcript", "claude-code", "s-1", "assistant", (f"m-{minutes}",), "ines@laptop")
    base = Memory(memory_id(kind, content, observed), kind, content, content[:60], START, observed, source)
    return base.replace(**fields)


def tree(*memories: Memory, **files: bytes) -> dict[str, bytes]:
    """A profile with these memories at their usual places; forgotten ones with their tombstones."""
    found = {"profile.yaml": PROFILE, **files}
    for one in memories:
        found[path_for(one)] = render(one)
        if one.status is Status.FORGOTTEN:
            found |= grave(one)
    return found


def grave(one: Memory, minutes: int = 0) -> dict[str, bytes]:
    stone = Tombstone(
        one.id, content_hash(one.type, one.content), START + timedelta(minutes=minutes), one.source.messages
    )
    return {tombstone_path(one.id, private=False): tombstones.render(stone)}


def without(files: Tree, *paths: str) -> dict[str, bytes]:
    return {path: data for path, data in files.items() if path not in paths}


def found_in(files: Tree) -> dict[str, tuple[str, Memory]]:
    """Every memory by id, with its path."""
    memories = {}
    for path, data in files.items():
        document = parse(data) if is_memory_path(path) else None
        if isinstance(document, Document) and not document.missing:
            memories[document.memory().id] = (path, document.memory())
    return memories


def revised(files: Tree, identifier: str, **changes: object) -> dict[str, bytes]:
    """The tree with keys of one memory changed in place, and the file where its status belongs."""
    path, _ = found_in(files)[identifier]
    document = parse(files[path])
    assert isinstance(document, Document)
    data = edit(document, changes)
    after = parse(data)
    assert isinstance(after, Document)
    place = archived(path) if after.memory().status in RETIRED else unarchived(path)
    return {**without(files, path), place: data}


def reworded(files: Tree, identifier: str, content: str, minutes: int | None = None) -> dict[str, bytes]:
    """The tree with other words in one memory; `minutes`: when a person wrote them, None for a machine."""
    path, _ = found_in(files)[identifier]
    document = parse(files[path])
    assert isinstance(document, Document)
    text = document.text[: document.body_start] + content + "\n"
    changed = parse(text.encode())
    assert isinstance(changed, Document)
    if minutes is not None:
        return {**files, path: edit(changed, {"edited": START + timedelta(minutes=minutes)})}
    return {**files, path: changed.data}


def forget(files: Tree, identifier: str, minutes: int = 0) -> dict[str, bytes]:
    _, known = found_in(files)[identifier]
    return {**revised(files, identifier, status=Status.FORGOTTEN), **grave(known, minutes)}


def delete(files: Tree, identifier: str, minutes: int = 0) -> dict[str, bytes]:
    path, known = found_in(files)[identifier]
    return {**without(files, path), **grave(known, minutes)}


def restore(files: Tree, identifier: str) -> dict[str, bytes]:
    lifted = without(files, tombstone_path(identifier, private=False))
    return revised(lifted, identifier, status=Status.ACTIVE, reason=None)


def move(files: Tree, source: str, target: str) -> dict[str, bytes]:
    return {**without(files, source), target: files[source]}


def contents(files: Tree) -> Mapping[str, Status]:
    return {known.content: known.status for _, known in found_in(files).values()}


def with_source(one: Memory, **changes: object) -> Memory:
    return one.replace(source=replace(one.source, **changes))  # type: ignore[arg-type]
