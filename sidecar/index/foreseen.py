"""Memories that are written and not in the index yet, for whoever plans the next one before the next sync."""

from __future__ import annotations

import threading

from sidecar.index.block import Matrix
from sidecar.index.entries import memory_words
from sidecar.index.lexical import stems
from sidecar.index.vectors import Embedder
from sidecar.model import ProfileRef, Stored


class Foreseen:
    """What the next sync will take in; safe to use from several threads."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._held: list[tuple[Stored, Matrix, frozenset[str]]] = []
        self._lock = threading.Lock()

    def add(self, stored: Stored) -> None:
        """An active memory has been written."""
        words = memory_words(stored.memory)
        vector = self._embedder.encode_one(words)
        with self._lock:
            self._held.append(
                (stored, vector if words.strip() else vector * 0, frozenset(stems(stored.memory.content)))
            )

    def clear(self) -> None:
        """A sync has taken all of it in."""
        with self._lock:
            self._held = []

    def neighbours(self, profile: ProfileRef, vector: Matrix, terms: list[str]) -> dict[str, float]:
        """Scores by id, as `Index.neighbours` gives them; a share of words without weights where there is no vector."""
        with self._lock:
            held = [one for one in self._held if one[0].profile == profile]
        wanted = frozenset(terms)
        return {
            stored.memory.id: float(own @ vector) if own.any() else len(wanted & has) / max(len(wanted), 1)
            for stored, own, has in held
        }
