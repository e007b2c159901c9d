"""Serves exports and imports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from sidecar import exchange
from sidecar.daemon import naming
from sidecar.daemon.desk import Desk
from sidecar.daemon.exporting import Leaving
from sidecar.daemon.importing import Importer, Outcome, Target
from sidecar.daemon.parts import Parts
from sidecar.daemon.protocol import Spooled
from sidecar.daemon.scratch import ScratchFollow, ScratchIndex, ScratchJournal, ScratchProfile, ScratchStore
from sidecar.errors import FieldError, UnknownNamespace
from sidecar.exchange import Form, Found, LeftOut, Piece, Statement
from sidecar.ingest import Learning
from sidecar.model import Candidate, ProfileRef
from sidecar.paths import user_home
from sidecar.wire.exchange import Export, ImportCounts, ImportedChange, ImportResult, LeftOutShape

T = TypeVar("T", bound=Target)

_AT_ONCE = 20
"""Memories taken in before somebody else who writes gets a turn."""

_TOO_WIDE = "holds your home; name the folder that the notes or the export lie in"


class ExchangeDesk(Desk):
    """Lets profiles out and memories in."""

    def __init__(self, parts: Parts, *, by: str, judge: Callable[[str], Candidate | None], claude_home: Path) -> None:
        """`judge` says what kind of statement a text is; `claude_home` is Claude Code's own folder."""
        super().__init__(parts)
        self._by, self._judge, self._claude_home = by, judge, claude_home

    async def export(self, ref: ProfileRef, wanted: Export) -> Spooled:
        """The whole profile in one file, of its present state; empty for one that does not exist."""
        leaving = Leaving(self.opened(ref), wanted, (ref.namespace, ref.name))
        return await self.read(leaving.spool, self.parts.trash.parent)

    async def bring(
        self, ref: ProfileRef, paths: Sequence[str], form: Form | None, *, named: bool, dry_run: bool
    ) -> ImportResult:
        """Take memories in from files, or say what that would change.

        `named`: the profile was named, so that everything goes there, also what holds for all projects.
        """
        if not self.parts.store.has_namespace(ref.namespace):
            raise UnknownNamespace(name=ref.namespace)
        naming.check_new_profile(self.parts.store, ref)
        tally = _Tally()
        take = self._rehearsing(ref, named=named) if dry_run else self._taking(ref, named=named)
        try:
            for path in await self.read(_gathered, paths):
                found = await self.read(exchange.read, path, form, claude_home=self._claude_home)
                tally.note(found)
                items: Sequence[Piece | Statement] = (*found.pieces, *found.statements)
                for start in range(0, len(items), _AT_ONCE):
                    tally.add(await take(items[start : start + _AT_ONCE]))
        finally:
            if not dry_run:
                # What came as whole files is healed, settled and indexed at once, also if the rest did not come.
                await self.write(self.parts.follow.catch_up, [ref])
                self.parts.keeper.look()
        return tally.result()

    def _taking(self, ref: ProfileRef, *, named: bool) -> _Take:
        importer = Importer(
            self.parts.learning, by=self._by, clock=_now, judge=self._judge, review=self.parts.learner.review
        )

        async def take(items: Sequence[Piece | Statement]) -> list[Outcome]:
            return await self.write(_taken, importer, items, ref, named=named)

        return take

    def _rehearsing(self, ref: ProfileRef, *, named: bool) -> _Take:
        """As `_taking`, on values that are thrown away."""
        store = ScratchStore(self.parts.store)
        learning = Learning[ScratchProfile](
            ScratchJournal(self.parts.journal),
            store,
            ScratchIndex(self.parts.index, store),
            ScratchFollow(),
            by=self._by,
            project=lambda _: None,
            clock=_now,
        )
        importer = Importer(learning, by=self._by, clock=_now, judge=self._judge, review=self.parts.learner.review)

        async def take(items: Sequence[Piece | Statement]) -> list[Outcome]:
            return await self.read(_taken, importer, items, ref, named=named)

        return take


_Take = Callable[[Sequence[Piece | Statement]], Awaitable[list[Outcome]]]


class _Tally:
    """Adds up what came of an import."""

    def __init__(self) -> None:
        self._files: Counter[str] = Counter()
        self._changes: list[ImportedChange] = []
        self._left: list[LeftOut] = []

    def note(self, found: Found) -> None:
        """A file has been read."""
        if found.form is not None and (found.statements or found.pieces):
            self._files[found.form] += 1
        self._left += found.left

    def add(self, outcomes: Sequence[Outcome]) -> None:
        """Some memories have been taken in."""
        for outcome in outcomes:
            self._changes += outcome.changes
            self._left += outcome.left

    def result(self) -> ImportResult:
        """The sum."""
        kinds = Counter(change.action for change in self._changes)
        return ImportResult(
            files=self._files.total(),
            forms=dict(sorted(self._files.items())),
            changes=self._changes,
            counts=ImportCounts(
                add=kinds["add"],
                revise=kinds["revise"],
                supersede=kinds["supersede"],
                skip=kinds["skip"],
                forget=kinds["forget"],
            ),
            left_out=[
                LeftOutShape(path=one.path, line=one.line, what=one.what, why=one.why, hint=one.hint)
                for one in self._left
            ],
        )


def _taken(importer: Importer[T], items: Sequence[Piece | Statement], ref: ProfileRef, *, named: bool) -> list[Outcome]:
    """Take some memories in, one after the other."""
    return [
        importer.place(item, ref)
        if isinstance(item, Piece)
        else importer.take(replace(item, everywhere=item.everywhere and not named), ref)
        for item in items
    ]


def _gathered(paths: Sequence[str]) -> list[Path]:
    """The files to read.  Raises FieldError for a folder that holds a person's whole home: nobody means that."""
    home = user_home().resolve()
    for number, path in enumerate(paths):
        if Path(path).resolve() in (home, *home.parents):
            raise FieldError(field=f"paths[{number}]", problem=_TOO_WIDE)
    return list(exchange.gathered(Path(one) for one in paths))


def _now() -> datetime:
    return datetime.now(UTC)


def claude_home(environ: Mapping[str, str]) -> Path:
    """Claude Code's own folder."""
    given = environ.get("CLAUDE_CONFIG_DIR")
    return Path(given) if given else user_home(environ) / ".claude"
