"""What may be asked of the past of a profile, and what is answered: differences, undo, snapshots."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from sidecar.wire.fields import MomentOrRevision, StatusName, TypeName
from sidecar.wire.requests import Body, QueryString, Where
from sidecar.wire.shapes import Instant, Shape, ShownPath

SNAPSHOT_PATTERN = r"^[A-Za-z][A-Za-z0-9_]*([.-][A-Za-z0-9_]+)*$"
"""Names that can be a file's and a tag's everywhere, and are no date, no hash and no option."""

_SNAPSHOT_CHARACTERS = 64

SnapshotName = Annotated[str, StringConstraints(pattern=SNAPSHOT_PATTERN, max_length=_SNAPSHOT_CHARACTERS)]

Revision = Annotated[
    MomentOrRevision, Field(description="A tag, a commit, or a day or moment: the last commit by then.")
]


class Compare(QueryString):
    """Which two commits to compare."""

    before: Revision
    after: MomentOrRevision | None = Field(default=None, description="As `before`; the present commit if absent.")


class CompareHere(Compare, Where):
    """As `Compare`, routed by folder."""


class Undo(Body):
    """Which commit to take back."""

    commit: MomentOrRevision | None = Field(
        default=None, description="A commit or tag; the last change if absent, with what merely followed from it."
    )


class UndoHere(Undo, Where):
    """As `Undo`, routed by folder."""


class NewSnapshot(Body):
    """A name for the present state."""

    name: SnapshotName


class NewSnapshotHere(NewSnapshot, Where):
    """As `NewSnapshot`, routed by folder."""


class ChangedMemory(Shape):
    """A memory in which two commits differ, as it is in the later one that has it; `id` is null for other files."""

    id: str | None
    change: Literal["added", "removed", "changed", "moved"]
    path: ShownPath
    before_path: ShownPath | None = Field(description="Where it lay before, if that was elsewhere.")
    type: TypeName | None
    key: str | None
    status: StatusName | None
    summary: str | None


class DiffResult(Shape):
    """How two commits differ."""

    before: str
    after: str
    memories: list[ChangedMemory]
    patch: str = Field(description="The same as a unified diff.")
    truncated: bool = Field(description="The diff is cut off.")


class UndoResult(Shape):
    """What an undo did."""

    commit: str = Field(description="The new commit.")
    undone: list[str] = Field(description="The commits that were taken back.")
    memories: list[str] = Field(description="Ids of the memories that it touched.")
    paths: list[ShownPath]


class SnapshotShape(Shape):
    """A name for a state of a profile: a tag of its repository."""

    name: str
    commit: str
    time: Instant
    note: str
