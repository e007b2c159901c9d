"""Memories that come from elsewhere, one by one: redacted, compared with what is known, and told what became of each.

What other programs know goes through curation like anything that was learned.  Files of our own export are put in
place byte for byte, unless the memory, or the same words under another id, are here already.  Taking the same in again
changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, Generic, Literal, Protocol, TypeVar

from sidecar.daemon.planned import planned
from sidecar.errors import PROFILE_FAULTS, FieldError, SidecarError
from sidecar.exchange import LeftOut, Piece, Statement, digest, shortened
from sidecar.extract.suspicion import suspicion
from sidecar.frontmatter import Problem, parse
from sidecar.identity import content_hash, encodable, normalized_key
from sidecar.ingest import PERSONAL, Known, Learning
from sidecar.model import (
    Add,
    Candidate,
    Change,
    Memory,
    MemoryType,
    ProfileRef,
    Skip,
    Source,
    Status,
    Tombstone,
)
from sidecar.records import dataclass
from sidecar.redact import redact
from sidecar.store import MAX_FILE_BYTES, WriteContext
from sidecar.wire import limits
from sidecar.wire.exchange import ImportedChange

ORIGIN: Final = "import"
_CONTEXT: Final = WriteContext("imported")
_KNOWN: Final = "it is known already"
_CONTENT_BYTES: Final = 32_768
"""What a remembered text may have; longer ones are documents."""

_SUMMARY_CHARACTERS: Final = 120
_NAME_CHARACTERS: Final = limits.AGENT_SESSION_CHARACTERS
"""What the names have that another program gave."""

_LIFT: Final = "Tell it anew with `sidecar remember`, which lifts the tombstone."
_SPLIT: Final = "Split it into statements that can stand alone."
_SECRET: Final = "Take the secret out of the file, and import it again."  # noqa: S105 - advice, not a secret


class Target(Known, Protocol):
    """A profile, as far as whole files are put into it."""

    def purged(self) -> frozenset[str]:
        """As `Profile.purged`."""

    def tombstones(self) -> Mapping[str, Tombstone]:
        """As `Profile.tombstones`."""

    def place(self, path: str, data: bytes, context: WriteContext) -> object:
        """As `Profile.place`."""

    def place_tombstone(self, data: bytes, context: WriteContext, *, private: bool) -> bool:
        """As `Profile.place_tombstone`."""


T = TypeVar("T", bound=Target)

_ODD: Final = (*PROFILE_FAULTS, UnicodeError, RecursionError)
"""What one item may run into, such as a name that no file system takes; the others are taken in all the same."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one memory that came; `left` says what of it did not."""

    changes: tuple[ImportedChange, ...] = ()
    left: tuple[LeftOut, ...] = ()


class Importer(Generic[T]):
    """Takes in what was found; runs in the writer thread, or over values for a dry run."""

    def __init__(
        self,
        learning: Learning[T],
        *,
        by: str,
        clock: Callable[[], datetime],
        judge: Callable[[str], Candidate | None],
        review: bool,
    ) -> None:
        """`judge` says what kind of statement a text is.  `review`: what no person wrote waits for one."""
        self._learning, self._by, self._clock, self._judge, self._review = learning, by, clock, judge, review
        self._words: dict[ProfileRef, dict[str, str]] = {}

    def take(self, statement: Statement, home: ProfileRef) -> Outcome:
        """What another program knows."""
        try:
            return self._statement(statement, home)
        except _ODD as error:
            return Outcome(left=(_left(statement, statement.content, *_told_of(error)),))

    def place(self, piece: Piece, home: ProfileRef) -> Outcome:
        """A file of an export of ours."""
        profile = self._learning.profile(home)
        try:
            return self._tombstone(piece, profile) if piece.path.endswith(".yaml") else self._memory(piece, profile)
        except _ODD as error:
            return Outcome(left=(LeftOut(piece.source, piece.line, shortened(piece.path), *_told_of(error)),))

    def _statement(self, statement: Statement, home: ProfileRef) -> Outcome:
        content = redact(statement.content, spoken=True).text.strip()
        left = _redacted_note(statement) if content != statement.content.strip() else ()
        if not content or len(content.encode("utf-8", "replace")) > _CONTENT_BYTES:
            why = "it says nothing without its secrets" if not content else f"it has more than {_CONTENT_BYTES:,} bytes"
            return Outcome(left=(_left(statement, statement.content, why, _SPLIT if content else _SECRET),))
        candidate = self._candidate(statement, content)
        ref = ProfileRef(home.namespace, PERSONAL) if candidate.scope == "personal" else home
        known = self._same_words(self._learning.profile(ref), candidate.type, content)
        if known is not None:
            return Outcome((_change(statement, ref, Skip(candidate, _KNOWN, known)),), left)
        changes = self._learning.take(candidate, home)
        forgotten = not changes or any(isinstance(one, Skip) and one.forgotten for one in changes)
        if forgotten:
            return Outcome(left=(*left, _left(statement, content, "it was forgotten here", _LIFT)))
        for change in changes:
            if isinstance(change, Add):
                self._note(ref, change.memory)
        return Outcome(tuple(_change(statement, ref, change) for change in changes), left)

    def _tombstone(self, piece: Piece, profile: T) -> Outcome:
        private = piece.path.startswith("private/")
        if not profile.place_tombstone(piece.data, _CONTEXT, private=private):
            return Outcome()
        return Outcome((_told(piece, profile.ref, "forget", None, "it was forgotten where it comes from"),))

    def _memory(self, piece: Piece, profile: T) -> Outcome:
        data, left = _clean_file(piece)
        document = parse(data)
        if isinstance(document, Problem) or document.missing:
            lacks = "" if isinstance(document, Problem) else f"it lacks {', '.join(document.missing)}"
            why = document.reason if isinstance(document, Problem) else lacks
            hint = "Mend it where it comes from, and export again."
            return Outcome(left=(LeftOut(piece.source, piece.line, piece.path, why, hint),))
        memory = document.memory()
        known = profile.get(memory.id)
        if known is not None:
            same = known.memory == memory
            why = _KNOWN if same else "it is here already, in other words, which stay"
            return Outcome((_told(piece, profile.ref, "skip", memory, why),), left)
        hashed = content_hash(memory.type, memory.content)
        if _is_purged(profile, memory.id, hashed):
            return Outcome(left=(LeftOut(piece.source, piece.line, memory.id, "it was purged here", _LIFT),))
        gone = memory.status is Status.FORGOTTEN
        if not gone and profile.is_forgotten(memory.id, hashed, memory.source.messages):
            return Outcome(left=(LeftOut(piece.source, piece.line, memory.id, "it was forgotten here", _LIFT),))
        twin = self._same_words(profile, memory.type, memory.content) if _comes_once(memory) else None
        if twin is not None and self._active(profile, twin):
            return Outcome((_told(piece, profile.ref, "skip", memory.replace(id=twin), _KNOWN),), left)
        # Its words are not noted: what an export holds twice was meant twice.
        profile.place(piece.path, data, _CONTEXT)
        return Outcome((_told(piece, profile.ref, "add", memory, "new"),), left)

    def _candidate(self, statement: Statement, content: str) -> Candidate:
        judged = self._judge(content) if statement.type is None else None
        kind = statement.type or (judged.type if judged is not None else MemoryType.FACT)
        key = statement.key or (judged.key if judged is not None else None)
        doubt = suspicion(content) if statement.speaker != "user" else ""
        review = self._review and statement.speaker != "user"
        reason = doubt or ("extract.review is set" if review else None)
        return Candidate(
            type=kind,
            content=content,
            summary=_summary(redact(statement.summary or content).text),
            observed=min(statement.observed, self._clock().replace(microsecond=0)),
            source=Source(
                origin=ORIGIN,
                agent=statement.agent,
                session=_session(statement.session),
                speaker=statement.speaker,
                messages=(_record(statement),),
                by=self._by,
            ),
            key=normalized_key(redact(key).text) or None if key else None,
            occurred=statement.occurred,
            keywords=_clean(statement.keywords) or (judged.keywords if judged is not None else ()),
            tags=_clean(statement.tags),
            scope="personal" if statement.everywhere else "project",
            proposed=bool(doubt) or review,
            reason=reason,
        )

    def _same_words(self, profile: T, kind: MemoryType, content: str) -> str | None:
        """The memory here that says exactly this, whatever has become of it."""
        if profile.ref not in self._words:
            self._words[profile.ref] = {}
            for stored in profile.memories(statuses=None):
                self._note(profile.ref, stored.memory)
        found = self._words[profile.ref].get(content_hash(kind, content))
        return found if found is not None and profile.get(found) is not None else None

    def _note(self, ref: ProfileRef, memory: Memory) -> None:
        words = self._words.setdefault(ref, {})
        hashed = content_hash(memory.type, memory.content)
        if memory.status is Status.ACTIVE or hashed not in words:
            words[hashed] = memory.id

    @staticmethod
    def _active(profile: T, identifier: str) -> bool:
        stored = profile.get(identifier)
        return stored is not None and stored.memory.status is Status.ACTIVE


def _is_purged(profile: Target, identifier: str, hashed: str) -> bool:
    """Whether a purge took the memory or its words away.

    A tombstone alone does not say that: an export brings those of what it holds, before the memories.
    """
    purged = profile.purged()
    if not purged:
        return False
    buried = profile.tombstones()
    return identifier in purged or any(one in buried and buried[one].content_hash == hashed for one in purged)


def _comes_once(memory: Memory) -> bool:
    """Whether the same words at two times say one thing; an event may happen again."""
    return memory.status is Status.ACTIVE and memory.type is not MemoryType.EVENT


def _clean_file(piece: Piece) -> tuple[bytes, tuple[LeftOut, ...]]:
    """The bytes of a file without secrets."""
    if len(piece.data) > MAX_FILE_BYTES:
        raise FieldError(field=piece.path, problem="is larger than 256 KiB")
    text = piece.data.decode("utf-8", "replace")
    found = redact(text, spoken=True)
    if found.text == text:
        return piece.data, ()
    kinds = ", ".join(found.found)
    note = LeftOut(piece.source, piece.line, piece.path, f"a secret was taken out of it ({kinds})", _SECRET)
    return found.text.encode(), (note,)


def _redacted_note(statement: Statement) -> tuple[LeftOut, ...]:
    return (_left(statement, statement.summary or "", "a secret was taken out of it", _SECRET),)


def _told_of(error: Exception) -> tuple[str, str]:
    """Why something was not taken in, and what to do about it."""
    if isinstance(error, SidecarError):
        return encodable(error.message), error.hint
    nested = isinstance(error, RecursionError)
    return "it is nested too deeply" if nested else encodable(str(error)), "Mend it where it comes from."


def _left(statement: Statement, what: str, why: str, hint: str) -> LeftOut:
    return LeftOut(statement.path, statement.line, _summary(redact(what, spoken=True).text), why, hint)


def _clean(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(" ".join(redact(word).text.split()) for word in words)


def _record(statement: Statement) -> str:
    """The name of a memory in the other program, without secrets and not too long.

    By it a memory that was forgotten is known again, so what a name loses is made up for by what the memory says.
    """
    name = redact(encodable(statement.record)).text
    if name == statement.record and len(name) <= _NAME_CHARACTERS:
        return name
    end = f"#{digest(name, redact(statement.content).text)}"
    return name[: _NAME_CHARACTERS - len(end)] + end


def _session(name: str | None) -> str | None:
    return None if name is None else redact(encodable(name)).text[:_NAME_CHARACTERS]


def _summary(text: str) -> str:
    """The first line of a text, without the marks of a heading."""
    line = next((one.strip() for one in text.splitlines() if one.strip()), "").lstrip("#").strip()
    return line if len(line) <= _SUMMARY_CHARACTERS else f"{line[: _SUMMARY_CHARACTERS - 1].rstrip()}…"


def _change(statement: Statement, ref: ProfileRef, change: Change) -> ImportedChange:
    return ImportedChange(path=statement.path, line=statement.line, profile=ref.name, **planned(change))


def _told(
    piece: Piece, ref: ProfileRef, action: Literal["add", "skip", "forget"], memory: Memory | None, why: str
) -> ImportedChange:
    return ImportedChange(
        action=action,
        path=piece.source,
        line=piece.line,
        profile=ref.name,
        id=None if memory is None else memory.id,
        type=None if memory is None else memory.type.value,
        key=None if memory is None else memory.key,
        status=None if memory is None else memory.status.value,
        summary=piece.path if memory is None else memory.summary,
        why=why,
    )
