"""What may be changed of a memory by request."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sidecar.wire.fields import Key, MemoryText, Sha256, Tag, TypeName
from sidecar.wire.requests import Body, Where
from sidecar.wire.shapes import Shape

_WORDS = 20
_LINE_CHARACTERS = 300
_FILE_CHARACTERS = 262_144

Line = Annotated[str, Field(min_length=1, max_length=_LINE_CHARACTERS, pattern=r"^[^\u0000-\u001f\u007f]*$")]


class Patch(Body):
    """What is to be another; whatever is absent stays as it is."""

    content: MemoryText | None = Field(
        default=None, description="Counts as a person's correction: the file says `edited`."
    )
    summary: Line | None = Field(default=None, description="With a new content, its first line if absent.")
    type: TypeName | None = None
    key: Key | Literal[""] | None = Field(default=None, description="An empty text takes it out.")
    occurred: Line | Literal[""] | None = Field(default=None, description="Of an event; an empty text takes it out.")
    tags: Annotated[list[Tag], Field(max_length=_WORDS)] | None = None
    queries: Annotated[list[Line], Field(max_length=_WORDS)] | None = None
    keywords: Annotated[list[Line], Field(max_length=_WORDS)] | None = None
    pinned: bool | None = None
    read_only: bool | None = Field(default=None, description="True: sidecar changes the file no more.")
    text: Annotated[str, Field(min_length=1, max_length=_FILE_CHARACTERS)] | None = Field(
        default=None,
        description="The whole text of the file instead, as a person has edited it; it is committed as the user's.",
    )
    expected_sha256: Sha256 | None = Field(
        default=None, description="Of the file that was seen: 409 if it is another one by now.  `text` needs it."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = self.model_fields_set - {"expected_sha256", "cwd", "profile", "namespace"}
        if not given:
            raise ValueError("nothing is to be changed")
        if "text" in given and (len(given) > 1 or self.expected_sha256 is None):
            raise ValueError("`text` needs `expected_sha256`, and goes with nothing else")
        return self


class PatchHere(Patch, Where):
    """As `Patch`, routed by folder."""


class FileText(Shape):
    """A memory's file."""

    text: str
    sha256: str
