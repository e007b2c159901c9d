"""Every memory file that lies in a folder, held against the schema of the format."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema

from sidecar.frontmatter import Document, load_mapping, parse, render
from sidecar.frontmatter.schema import schema

SCHEMA = schema()
ACCEPTED = jsonschema.Draft202012Validator(SCHEMA)
WRITTEN = jsonschema.Draft202012Validator({**SCHEMA["$defs"]["written"], "$defs": {}})


def front_of(document: Document) -> Any:
    """The front matter as the schema describes it: every scalar as its text."""
    if document.front is None:
        return {}
    return load_mapping(document.text[slice(*document.front)].encode())


def faults_of(data: bytes) -> list[str]:
    """What the schema says against a file that a reader accepts; nothing of one that a reader refuses."""
    document = parse(data)
    if not isinstance(document, Document):
        return []
    front = front_of(document)
    faults = [*ACCEPTED.iter_errors(front)]
    if not document.missing and render(document.memory()) == data:
        faults += WRITTEN.iter_errors(front)
    return [error.message for error in faults]


def memory_files(folder: Path) -> Iterator[Path]:
    """The memory files of every profile below a folder."""
    for here, below, names in os.walk(folder):
        if "profile.yaml" in names:
            yield from (path for path in Path(here).rglob("*.md") if path.is_file() and not path.is_symlink())
            below.clear()
        below[:] = [name for name in below if name != ".git"]
