"""A text in the user's own editor, never lost between two programs."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import click

from sidecar.errors import SidecarError, UsageError

_FALLBACK = "vi"
"""POSIX has it on every system."""


class Draft:
    """A file for the editor, readable by its owner alone.

    As a context it takes the file away at the end, unless the text in it was changed and not taken: then the error says
    where it lies.
    """

    def __init__(self, text: str, prefix: str) -> None:
        """`prefix` is the head of the file's name."""
        self._before = text
        handle, name = tempfile.mkstemp(".md", prefix)  # mode 0600
        self.path = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text if text.endswith("\n") else f"{text}\n")
        self._written = self.path.read_bytes()
        self._taken = False

    def edited(self, *, most_bytes: int) -> str | None:
        """Open the editor and return the text that it leaves, without white space at its ends; None if it is the same.

        Raises UsageError if the editor cannot be run or fails, or what it leaves is blank, too long or not UTF-8.
        """
        command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or _FALLBACK
        try:
            code = subprocess.run([*shlex.split(command), str(self.path)], check=False).returncode
        except (OSError, ValueError) as error:
            raise UsageError(
                detail=f"The editor {command} cannot be run: {error}", hint="Set VISUAL or EDITOR to yours."
            ) from error
        if code != 0:
            raise UsageError(detail=f"The editor {command} ended with {code}; nothing was done.", hint="Try again.")
        try:
            text = self.path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(detail=f"What the editor has left cannot be read: {error}", hint="Save UTF-8.") from error
        if text == self._before.strip():
            return None
        if not text:
            raise UsageError(detail="The text is empty; nothing was done.", hint="`sidecar review reject` rejects it.")
        if len(text.encode("utf-8")) > most_bytes:
            raise UsageError(
                detail=f"The text is longer than {most_bytes:,} bytes; nothing was done.", hint="Shorten it."
            )
        return text

    def taken(self) -> None:
        """The text is in safe hands."""
        self._taken = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is None or self._taken or not self._worth_keeping():
            self.path.unlink(missing_ok=True)
        elif isinstance(error, SidecarError):
            error.hint = f"{error.hint} Your text is kept in {self.path}."
        else:
            click.echo(f"Your text is kept in {self.path}.", err=True)

    def _worth_keeping(self) -> bool:
        try:
            now = self.path.read_bytes()
        except OSError:
            return False
        return bool(now.strip()) and now != self._written
