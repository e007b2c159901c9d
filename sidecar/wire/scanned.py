"""What may be asked of a scan for secrets, and what is answered, step by step."""

from typing import Annotated, Literal

from pydantic import Field

from sidecar.wire.requests import Body
from sidecar.wire.shapes import Shape, ShownPath

Where = Literal["store", "private", "trash", "history", "archive", "journal", "index", "log"]


class Scan(Body):
    """One step of a scan."""

    cursor: Annotated[str, Field(max_length=8192)] | None = Field(
        default=None, description="`cursor` of the step before; absent: from the beginning."
    )


class ScanFinding(Shape):
    """A place in which something looks like a secret; never the secret itself."""

    where: Where
    kind: str = Field(description="What it looks like, as the marks of redaction name it.")
    hint: str = Field(description="Its length, and of a long one two characters.")
    profile: str | None = Field(description="`namespace/profile`, if it belongs to one.")
    path: ShownPath | None = Field(description="Of a file: below the profile, the trash, or the folder of logs.")
    line: int | None = Field(description="From 1.")
    commit: str | None = Field(description="Of the history: a commit that brought it, null if none leads to it.")
    object: str | None = Field(description="Of the history: git's object.")
    message: str | None = Field(description="Of the archive: the message's id.")
    session: str | None = Field(description="The session in which it was said.")
    memory: str | None = Field(description="The id of the memory in whose file it stands.")
    next: str = Field(description="What to do about it.")


class Suspicion(Shape):
    """A memory that speaks to agents, or that waits for a person to look at it."""

    memory: str
    profile: str
    path: ShownPath
    type: str
    status: str = Field(description="`active`: agents are given it; `proposed`: it waits for review.")
    why: str


class ScanStep(Shape):
    """What one step found, and how far the scan is."""

    stage: str = Field(description="What is being looked at.")
    done: int = Field(description="Of this stage.")
    total: int = Field(description="Of this stage, about.")
    looked: dict[str, int] = Field(description="By stage, how many files, objects, messages and so on this step saw.")
    findings: list[ScanFinding]
    suspicious: list[Suspicion]
    cursor: str | None = Field(description="For the next step; null when all was looked at.")
