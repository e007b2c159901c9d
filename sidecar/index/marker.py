"""What an index's folder says of itself: how it was built, and its own name, which no other has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sidecar.errors import IndexUnusable
from sidecar.index.documents import Archive
from sidecar.index.entries import ALL_FIELDS, MEMORY_FIELDS, MESSAGE_FIELDS
from sidecar.index.vectors import Embedder

FORMAT = 10
"""Of the folder; with any other number, older or newer, it is emptied.  It grows too when the same documents come to be
laid down in another way (2: stop words weigh less in their vectors; 3: messages have traits and voices, and no words of
their neighbours; 4 and 5: tags are labels; 6: so are messages' agents; 7: a field of all words of a memory; 8: the
columns' files tell since when; 9: the archive alone holds the texts of
messages, vectors have 12 bits a number; 10: the state has a term of each field)."""

MARKER = "format.json"

KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "memories": (*MEMORY_FIELDS, ALL_FIELDS),
    "messages": MESSAGE_FIELDS,
}
"""The folders of an index, and the text fields of what is in each."""


def built_with(embedder: Embedder, archive: Archive | None) -> dict[str, object]:
    """What a folder must have been built with, so that it can be read."""
    return {"format": FORMAT, "embedder": embedder.name, "archive": archive.identity if archive else ""}


def name_of(folder: Path, wanted: Mapping[str, object]) -> str:
    """The name of an index's folder.  Raises IndexUnusable if it was not built with what is wanted."""
    marker = folder / MARKER
    try:
        found = json.loads(marker.read_bytes())
    except (OSError, ValueError) as error:
        raise IndexUnusable(path=marker, why=error) from error
    if not isinstance(found, dict) or {**found, "id": None} != {**wanted, "id": None}:
        raise IndexUnusable(path=marker, why="it was built in another way")
    return str(found.get("id"))
