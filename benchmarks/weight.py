"""What the index weighs on disk, by what its bytes are for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

KINDS: Mapping[str, str] = {
    ".term": "terms",
    ".idx": "postings",
    ".store": "stored",
    ".fast": "numbers",
    ".fieldnorm": "numbers",
    ".rows": "vectors",
}
"""By how a file's name ends; `vectors` are the columns, of which they are nearly all."""


def by_kind(folder: Path) -> dict[str, int]:
    """The bytes of all files below a folder; `rest` are those of no kind that we know."""
    found = dict.fromkeys([*KINDS.values(), "rest"], 0)
    for path in folder.rglob("*"):
        if path.is_file():
            found[KINDS.get(path.suffix, "rest")] += path.stat().st_size
    return found
