"""What becomes of a memory by one change, in the words that dry runs and imports tell it with."""

from __future__ import annotations

from typing import Literal, TypedDict

from sidecar.model import Add, Candidate, Change, Memory, Revise, Skip, Status, Supersede
from sidecar.wire.fields import StatusName, TypeName


class Planned(TypedDict):
    """The fields that every planned change has; `id` is that of the known memory where one is skipped."""

    action: Literal["add", "revise", "supersede", "skip"]
    id: str | None
    type: TypeName
    key: str | None
    status: StatusName | None
    summary: str
    why: str


def planned(change: Change) -> Planned:
    """A change as it is told; of a memory as it would be afterwards."""
    action: Literal["add", "revise", "supersede", "skip"]
    memory: Memory | Candidate
    match change:
        case Add():
            action, memory = "add", change.memory
        case Revise():
            action, memory = "revise", change.target.memory.replace(**change.fields)
        case Supersede():
            action, memory = "supersede", change.target.memory.replace(status=Status.SUPERSEDED)
        case Skip():
            action, memory = "skip", change.candidate
    return Planned(
        action=action,
        id=change.existing if isinstance(change, Skip) else memory.id if isinstance(memory, Memory) else None,
        type=memory.type.value,
        key=memory.key,
        status=memory.status.value if isinstance(memory, Memory) else None,
        summary=memory.summary,
        why=change.why,
    )
