"""What may be asked of forgetting, and what is answered: previews, and purges."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from sidecar.wire.fields import MEMORY_ID_PATTERN, SessionId, StatusName, TypeName
from sidecar.wire.requests import Body, Where
from sidecar.wire.shapes import Shape, ShownPath

Action = Literal["forget", "delete", "purge", "session", "profile"]

_AT_ONCE = 500

Ids = Annotated[
    list[Annotated[str, StringConstraints(pattern=MEMORY_ID_PATTERN)]], Field(min_length=1, max_length=_AT_ONCE)
]


class PreviewRemoval(Body):
    """What is thought of: memories by their ids, or all that was learned in a session, or the profile."""

    action: Action
    ids: Ids | None = Field(default=None, description="For `forget`, `delete` and `purge`.")
    session_id: SessionId | None = Field(default=None, alias="sessionId", description="For `session`.")

    @model_validator(mode="after")
    def _named(self) -> Self:
        if (self.ids is not None) is not (self.action in ("forget", "delete", "purge")):
            raise ValueError("`ids` go with `forget`, `delete` and `purge`, which need them")
        if (self.session_id is not None) is not (self.action == "session"):
            raise ValueError("`sessionId` goes with `session`, which needs it")
        return self

    @property
    def patient(self) -> bool:
        """A purge looks through the whole history."""
        return self.action == "purge"


class PreviewRemovalHere(PreviewRemoval, Where):
    """As `PreviewRemoval`, routed by folder."""


class Purge(Body):
    """The memories that are to go for good."""

    ids: Ids

    @property
    def patient(self) -> bool:
        """Rewriting a long history takes its time."""
        return True


class PurgeHere(Purge, Where):
    """As `Purge`, routed by folder."""


class RemovedMemory(Shape):
    """A memory that goes."""

    id: str
    profile: str
    type: TypeName
    status: StatusName
    summary: str
    path: ShownPath | None = Field(description="Null if it has left the tree before.")


class RemovalPreview(Shape):
    """What would go, and what would stay elsewhere; nothing has been changed."""

    action: Action
    memories: list[RemovedMemory]
    files: list[ShownPath]
    messages: int = Field(description="Archived messages that go with them.")
    commits: int = Field(description="Of a purge: commits that are written anew.")
    refs: list[str] = Field(description="Of a purge: branches and tags that get another commit.")
    remotes: list[str] = Field(description="Of a purge: what remotes still have, as far as is known here.")
    transcripts: list[ShownPath] = Field(description="The agents' own files in which the messages stand; they stay.")
    related: list[RemovedMemory] = Field(description="Other versions of theirs, which stay.")


class PurgeResult(Shape):
    """What a purge did."""

    ids: list[str]
    old: str = Field(description="The last commit of the history before.")
    new: str = Field(description="The same without the memories.")
    commits: int
    messages: int
    trash: int = Field(description="Deleted profiles in the trash that had the memories too.")
    remotes: list[str] = Field(description="What remotes still have, as far as is known here.")
    transcripts: list[ShownPath] = Field(description="The agents' own files in which the messages stand.")
    remaining: list[str] = Field(description="Objects with the words that git did not let go of; usually none.")
