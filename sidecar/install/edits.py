"""The ways in which a file can hold something of ours."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from sidecar.errors import SettingsTaken
from sidecar.install import blocks
from sidecar.install.jsonedit import Part, fragment, is_empty, places, with_parts, without_parts
from sidecar.install.yamledit import Entry, with_entry, without_entry
from sidecar.records import dataclass

Made = Collection[tuple[str, ...]]


class Edit(Protocol):
    """What is to be in a file, as text."""

    def put(self, text: str) -> tuple[str, Made]:
        """The text with our parts, and what was made for them; the same text if they are there.

        Raises SettingsUnclear or SettingsTaken.
        """

    def take(self, text: str, made: Made | None) -> str | None:
        """The text without our parts; None if the file was ours alone.

        `made`: what was made for them; None if nobody knows, then all that is empty without them.
        """

    def alone(self) -> str:
        """Our parts in a file of their own, to be shown."""


@dataclass(frozen=True, slots=True)
class JsonEdit:
    """Keys and items in JSON, with or without comments."""

    parts: tuple[Part, ...]

    def put(self, text: str) -> tuple[str, Made]:
        """See `Edit`."""
        done = with_parts(text, self.parts)
        return done.text, done.made

    def take(self, text: str, made: Made | None) -> str | None:
        """See `Edit`."""
        left = without_parts(text, self.parts, () if made is None else made)
        if made is None:  # then nobody knows either whether the file was made for us, so that it stays
            return left if left == text else without_parts(left, self.parts, places(self.parts))
        return None if left != text and is_empty(left) and not left.strip("{} \t\r\n\ufeff") else left

    def alone(self) -> str:
        """See `Edit`."""
        return fragment(self.parts)


@dataclass(frozen=True, slots=True)
class TomlEdit:
    """One table in TOML, in a block."""

    table: tuple[str, ...]
    note: str
    body: str

    def put(self, text: str) -> tuple[str, Made]:
        """See `Edit`."""
        return blocks.with_toml(text, self.note, self.body, self.table), ()

    def take(self, text: str, made: Made | None) -> str | None:
        """See `Edit`."""
        left = blocks.TOML.removed(text)
        return None if left != text and not left.strip() else left

    def alone(self) -> str:
        """See `Edit`."""
        return blocks.TOML.inserted("", self.note, self.body)


@dataclass(frozen=True, slots=True)
class YamlEdit:
    """One entry of a mapping in YAML."""

    entry: Entry

    def put(self, text: str) -> tuple[str, Made]:
        """See `Edit`."""
        after, made = with_entry(text, self.entry)
        return after, [(self.entry.parent,)] if made else []

    def take(self, text: str, made: Made | None) -> str | None:
        """See `Edit`."""
        left = without_entry(text, self.entry, made=made is None or (self.entry.parent,) in made)
        return None if left != text and made and not left.strip() else left

    def alone(self) -> str:
        """See `Edit`."""
        return self.entry.whole()


@dataclass(frozen=True, slots=True)
class MarkdownEdit:
    """One block in a file of instructions."""

    note: str
    body: str

    def put(self, text: str) -> tuple[str, Made]:
        """See `Edit`."""
        return blocks.MARKDOWN.inserted(text, self.note, self.body), ()

    def take(self, text: str, made: Made | None) -> str | None:
        """See `Edit`."""
        left = blocks.MARKDOWN.removed(text)
        return None if left != text and not left.strip() else left

    def alone(self) -> str:
        """See `Edit`."""
        return blocks.MARKDOWN.inserted("", self.note, self.body)


@dataclass(frozen=True, slots=True)
class WholeFile:
    """A file of ours alone, known by a mark in it; one of somebody else's stays."""

    content: str
    mark: str

    def put(self, text: str) -> tuple[str, Made]:
        """See `Edit`."""
        if text.strip() and self.mark not in text:
            raise SettingsTaken(key="this file")
        return self.content, ()

    def take(self, text: str, made: Made | None) -> str | None:
        """See `Edit`."""
        return None if self.mark in text else text

    def alone(self) -> str:
        """See `Edit`."""
        return self.content
