"""`sidecar scan`: everything that is stored, looked at with the detectors that kept secrets out of it.

A step takes about a second and keeps nothing in mind: the cursor says where the next one goes on.  So a scan of any
size takes no memory, stands in nobody's way, and is ended by not asking for more.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sidecar.daemon.desk import Desk
from sidecar.daemon.parts import Parts
from sidecar.daemon.scanstages import Beside, Commits, Documents, Files, Logs, Messages, Stage, Text
from sidecar.errors import FieldError
from sidecar.extract.suspicion import addresses_agents
from sidecar.git import Git
from sidecar.model import MemoryType, Status, Stored
from sidecar.redact import Finding, audit
from sidecar.wire import cursor
from sidecar.wire.scanned import ScanFinding, ScanStep, Suspicion

_STEP_S: Final = 1.0
_MOST: Final = 500
"""Findings of one step, after which it ends."""
_TELLING: Final = 24
"""Of a secret of so many characters two tell nothing."""
_PARTS: Final = 4
"""Of a cursor: number of the stage, steps done, their number in all, and the place."""

_NEXT: Final = {
    "store": "Take it out with `sidecar edit`; then `sidecar forget --purge` takes it out of the history as well.",
    "private": "Take it out of the file, which git does not know.",
    "trash": "Delete that folder of the trash, or wait: it is emptied after 30 days.",
    "history": "`sidecar forget --purge` rewrites the history without it; a remote must be told too.",
    "archive": "`sidecar delete --session` takes the session's messages away.",
    "journal": "`sidecar delete --session` takes away what belongs to a session.",
    "index": "Remove it where it comes from; `sidecar rebuild` then makes the index anew.",
    "log": "Delete the log file, and report what wrote it there.",
}


class ScanDesk(Desk):
    """Serves the steps of scans."""

    def __init__(self, parts: Parts, logs: Path) -> None:
        """`logs`: the folder of our log files."""
        super().__init__(parts)
        self._logs = logs

    async def step(self, place: str | None) -> ScanStep:
        """Go on with a scan for about a second.  Raises FieldError for a cursor that is none of ours."""
        return await self.read(self._step, place)

    def _step(self, place: str | None) -> ScanStep:
        stages = self._stages()
        number, done, total, at = _decoded(place, len(stages))
        until = time.monotonic() + _STEP_S
        findings: list[ScanFinding] = []
        suspicious: list[Suspicion] = [] if place else list(self._suspicious())
        looked: dict[str, int] = {}
        while number < len(stages):
            stage = stages[number]
            total = total or stage.total()
            for reached, texts in stage.after(at):
                at, done = reached, done + 1
                looked[stage.name] = looked.get(stage.name, 0) + len(texts)
                findings.extend(finding for text in texts for finding in _found(text))
                if time.monotonic() > until or len(findings) >= _MOST:
                    where = cursor.encode(f"{number}\n{done}\n{total}\n{at}")
                    return _answer(stage.name, done, total, looked, findings, suspicious, where)
            number, done, total, at = number + 1, 0, 0, ""
        return _answer("end", 1, 1, looked, findings, suspicious, None)

    def _stages(self) -> list[Stage]:
        parts = self.parts
        return [Files(parts), Commits(parts), Messages(parts), Beside(parts), Documents(parts), Logs(self._logs)]

    def _suspicious(self) -> Iterator[Suspicion]:
        """What waits for review, and orders that agents are given although no person gave them."""
        for profile in sorted(self.parts.follow.profiles(), key=lambda one: str(one.ref)):
            for stored in profile.memories(statuses=(Status.ACTIVE, Status.PROPOSED)):
                why = _suspected(stored)
                if why:
                    yield Suspicion(
                        memory=stored.memory.id,
                        profile=str(stored.profile),
                        path=stored.path,
                        type=stored.memory.type.value,
                        status=stored.memory.status.value,
                        why=why,
                    )


def _suspected(stored: Stored) -> str | None:
    memory = stored.memory
    if memory.status is Status.PROPOSED:
        return "it waits for review"
    if memory.human or not addresses_agents(memory.content):
        return None
    orders = memory.type in (MemoryType.INSTRUCTION, MemoryType.TASK)
    return "it gives orders to agents, and no person said it" if orders else "it speaks to agents"


def _found(text: Text) -> Iterator[ScanFinding]:
    commit: str | None = None
    path = text.path
    for index, finding in enumerate(audit(text.text, command=text.command, spoken=text.spoken)):
        if index == 0 and text.object and text.folder:
            commit, path = _commit_of(text.folder, text.object)
        yield ScanFinding(
            where=text.where,
            kind=finding.kind,
            hint=_hint(text.text, finding),
            profile=text.profile,
            path=path,
            line=text.text.count("\n", 0, finding.start) + text.first_line,
            commit=commit,
            object=text.object,
            message=text.message,
            session=text.session,
            memory=text.memory,
            next=_NEXT[text.where],
        )


def _hint(text: str, finding: Finding) -> str:
    """Enough to know it again for who has it, and nothing for who has not."""
    length = finding.end - finding.start
    shown = text[finding.start : finding.start + 2]
    known = length >= _TELLING and shown.isalnum() and finding.kind not in ("private", "private-key")
    return f"{shown if known else ''}… ({length} characters)"


def _commit_of(folder: Path, name: str) -> tuple[str | None, str | None]:
    """A commit that brought an object, and the path of the file; itself if it is one; nothing if none leads to it."""
    git = Git(folder, "scan")
    kind = git.run("cat-file", "-t", name).decode().strip()
    if kind == "commit":
        return name, None
    if kind != "blob":
        return None, None
    output = git.run(
        "log", "--all", "--reflog", "--reverse", "--format=%H", "--name-only", "--no-renames", f"--find-object={name}"
    ).decode("utf-8", "replace")
    lines = [line for line in output.splitlines() if line]
    return (lines[0], lines[1] if len(lines) > 1 else None) if lines else (None, None)


def _answer(
    stage: str,
    done: int,
    total: int,
    looked: dict[str, int],
    findings: list[ScanFinding],
    suspicious: list[Suspicion],
    where: str | None,
) -> ScanStep:
    return ScanStep(
        stage=stage, done=done, total=max(total, done), looked=looked, findings=findings, suspicious=suspicious,
        cursor=where,
    )  # fmt: skip


def _decoded(place: str | None, stages: int) -> tuple[int, int, int, str]:
    if place is None:
        return 0, 0, 0, ""
    parts = cursor.decode(place).split("\n", _PARTS - 1)
    numbers = [int(part) for part in parts[:-1] if part.isascii() and part.isdecimal() and len(part) < 12]
    if len(parts) != _PARTS or len(numbers) != _PARTS - 1 or numbers[0] >= stages:
        raise FieldError(field="cursor", problem="is not one that a scan gave")
    return numbers[0], numbers[1], numbers[2], parts[-1]
