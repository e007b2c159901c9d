"""What is asked and answered where memories leave and come: exports and imports."""

from typing import Annotated, Literal

from pydantic import Field

from sidecar.wire import limits
from sidecar.wire.fields import AbsolutePath, StatusName, TypeName
from sidecar.wire.requests import Body, QueryString, Where
from sidecar.wire.shapes import PlannedCounts, Shape, ShownPath

FormName = Literal["sidecar", "basic-memory", "claude", "mem0"]


class Export(QueryString):
    """What is to leave, and in which format."""

    format: Literal["tar", "jsonl"] = "tar"
    private: bool = Field(default=False, description="Also what lies in `private/`, which is never in git.")
    forgotten: bool = Field(default=False, description="Also forgotten memories and tombstones.")

    @property
    def patient(self) -> bool:
        """A large profile takes its time."""
        return True


class ExportHere(Export, Where):
    """As `Export`, routed by folder."""


class Import(Body):
    """Files of this machine to take memories from."""

    paths: Annotated[list[AbsolutePath], Field(min_length=1, max_length=limits.PATHS)]
    form: FormName | None = Field(default=None, description="Whose form they have; recognised if absent.")
    dry_run: bool = Field(default=False, description="Say what would be written, and write nothing.")

    @property
    def patient(self) -> bool:
        """Thousands of notes take their time."""
        return True


class ImportHere(Import, Where):
    """As `Import`, routed by folder."""


class ImportedChange(Shape):
    """What became, or would become, of one memory that came; `forget`: of its tombstone."""

    action: Literal["add", "revise", "supersede", "skip", "forget"]
    path: ShownPath = Field(description="The file that it came from.")
    line: int | None
    profile: str
    id: str | None = Field(description="Of the memory; of what is skipped the known one.")
    type: TypeName | None
    key: str | None
    status: StatusName | None
    summary: str
    why: str


class ImportCounts(PlannedCounts):
    """How many changes there are of each kind."""

    forget: int


class LeftOutShape(Shape):
    """Something that was not taken along."""

    path: ShownPath
    line: int | None
    what: str
    why: str
    hint: str


class ImportResult(Shape):
    """What an import did, or would do."""

    files: int = Field(description="Files in which something was found.")
    forms: dict[str, int] = Field(description="How many files have which form.")
    changes: list[ImportedChange]
    counts: ImportCounts
    left_out: list[LeftOutShape]
