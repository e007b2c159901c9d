"""A process that recalls beside the daemon while many ask (see `recallers`): what it does.

It reads index and archive as they lie on the disk and writes nothing.  Asked for nothing, it takes the index as it is
by now, and says which state that is; asked a question, it answers from what it has.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from pathlib import Path
from typing import cast

from sidecar.daemon.child import own_ends, received, send
from sidecar.daemon.parcels import packed, unpacked
from sidecar.errors import SidecarError
from sidecar.index import Embedder, Lasting, Replica
from sidecar.journal import Beside
from sidecar.recall import Recall, RecallAnswer, RecallRequest


class Recaller:
    """Answers from a replica of the index, the latest that it was told to take."""

    def __init__(self, index: Path, journal: Path, model: str) -> None:
        """`model`: as the settings name it.  Raises errors of its loading."""
        self._folder, self._archive = index, Beside(journal)
        self._embedder = Embedder.load(model)
        self._recall: Recall | None = None

    def follow(self) -> Lasting | None:
        """Take the index as it lies there; which state that is, or None if it cannot be read just now."""
        self._recall = None  # two at once would take twice the memory
        try:
            replica = Replica(self._folder, self._embedder, self._archive)
        except SidecarError:
            return None
        self._recall = Recall(replica)
        return replica.lasting

    def answer(self, request: RecallRequest) -> RecallAnswer | None:
        """As `Recall`; None if it cannot be answered here."""
        try:
            return None if self._recall is None else self._recall(request)
        except SidecarError:
            return None


def _reply(recaller: Recaller, content: bytes) -> Lasting | RecallAnswer | None:
    try:
        request = cast("RecallRequest | None", unpacked(content))
    except ValueError:  # what the daemon was asked is no plain value: it answers by itself
        return None
    return recaller.follow() if request is None else recaller.answer(request)


def serve() -> None:
    """The process: answer what is asked, until nobody can ask any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is meant for the daemon, which ends us
    index, journal, model = sys.argv[1:4]
    asked, answers = own_ends()
    recaller = Recaller(Path(index), Path(journal), model)
    gc.freeze()  # what is there now stays
    try:
        while True:
            send(answers, packed(_reply(recaller, received(asked))))
    except (EOFError, OSError):
        os._exit(0)  # not the way through everything that was read
