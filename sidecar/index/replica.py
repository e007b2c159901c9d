"""The index as a process reads it that does not write it: to recall beside the daemon, whose index it is."""

from __future__ import annotations

from pathlib import Path

from sidecar.errors import IndexUnusable
from sidecar.index import shelf
from sidecar.index.documents import Archive, Lasting
from sidecar.index.marker import KINDS, built_with, name_of
from sidecar.index.vectors import Embedder
from sidecar.index.view import View


class Replica:
    """One state of an index's folder, as it was when this was made; nothing is changed there.

    `lasting` says which one it is: an `Index` with the same finds the same.
    """

    def __init__(self, folder: Path, embedder: Embedder, archive: Archive) -> None:
        """Raises IndexUnusable if the folder cannot be read, perhaps because its writer was at work just then."""
        wanted = built_with(embedder, archive)
        name = name_of(folder, wanted)
        memories, messages = (shelf.beside(folder / kind, fields) for kind, fields in KINDS.items())
        if name_of(folder, wanted) != name:
            raise IndexUnusable(path=folder, why="it was made anew meanwhile")
        self.embedder = embedder
        self.lasting = Lasting(name, memories.state.generation, messages.state.generation)
        self.view = View(memories.state.generation + messages.state.generation, memories, messages, archive)
