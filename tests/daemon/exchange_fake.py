"""The part of the server's fake behind exports and imports."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sidecar.daemon.protocol import Spooled
from sidecar.exchange import FORMATS, Form
from sidecar.model import ProfileRef
from sidecar.wire import exchange

if TYPE_CHECKING:
    from server_fake import FakeApi


class FakeExchange:
    """Lets nothing out and nothing in."""

    def __init__(self, api: FakeApi) -> None:
        self._api = api

    async def export(self, ref: ProfileRef, wanted: exchange.Export) -> Spooled:
        self._api._note("export", ref, wanted, namespace=ref.namespace)
        return Spooled(io.BytesIO(b"x" * 600_000), FORMATS[wanted.format])

    async def bring(
        self, ref: ProfileRef, paths: Sequence[str], form: Form | None, *, named: bool, dry_run: bool
    ) -> exchange.ImportResult:
        self._api._note("import", ref, list(paths), form, named, dry_run, namespace=ref.namespace)
        change = exchange.ImportedChange(
            action="add", path=paths[0], line=3, profile="web", id="01M", type="fact", key=None, status="active",
            summary="s", why="new",
        )  # fmt: skip
        left = exchange.LeftOutShape(path=paths[0], line=None, what="w", why="y", hint="h")
        counts = exchange.ImportCounts(add=1, revise=0, supersede=0, skip=0, forget=0)
        return exchange.ImportResult(files=1, forms={"mem0": 1}, changes=[change], counts=counts, left_out=[left])
