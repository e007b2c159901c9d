"""The commands of the memory tool of Anthropic's API (`memory_20250818`), and what is answered."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from sidecar.wire.fields import SessionId
from sidecar.wire.requests import Body, Where
from sidecar.wire.shapes import Shape

_NEEDED: Final = {
    "view": ("path",),
    "create": ("path", "file_text"),
    "str_replace": ("path", "old_str"),
    "insert": ("path", "insert_line", "insert_text"),
    "delete": ("path",),
    "rename": ("old_path", "new_path"),
}


class MemoryTool(Body):
    """One command, as the model gave it."""

    command: Literal["view", "create", "str_replace", "insert", "delete", "rename"]
    path: str | None = Field(default=None, description="Of all but `rename`; begins with /memories.")
    view_range: Annotated[list[int], Field(min_length=2, max_length=2)] | None = Field(
        default=None, description="Of `view`: first and last line, from 1; -1 is the last one."
    )
    file_text: str | None = Field(default=None, description="Of `create`.")
    old_str: str | None = Field(default=None, description="Of `str_replace`: must be there exactly once.")
    new_str: str | None = Field(default=None, description="Of `str_replace`; nothing if absent.")
    insert_line: int | None = Field(default=None, description="Of `insert`: after this line; 0 is the beginning.")
    insert_text: str | None = Field(default=None, description="Of `insert`.")
    old_path: str | None = Field(default=None, description="Of `rename`.")
    new_path: str | None = Field(default=None, description="Of `rename`.")
    session_id: SessionId | None = Field(
        default=None, alias="sessionId", description="The conversation, as the source of what is written."
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = [name for name in _NEEDED[self.command] if getattr(self, name) is None]
        if missing:
            raise ValueError(f"`{self.command}` needs {' and '.join(missing)}")
        return self

    def text(self, name: str) -> str:
        """A text that the command needs, or the empty one."""
        return str(getattr(self, name) or "")


class MemoryToolHere(MemoryTool, Where):
    """As `MemoryTool`, routed by folder."""


class ToolResult(Shape):
    """What the model is told; `is_error`: that it did not work, and why."""

    content: str
    is_error: bool
