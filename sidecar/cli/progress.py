"""The progress of the back-fill, in one line of a terminal that is written anew."""

from __future__ import annotations

import click

from sidecar.cli.output import bar, counted

_CLEAR = "\r\x1b[2K"
"""Back to the beginning of the line, which is emptied."""


class BackfillLine:
    """Shows how many of the sessions that were there before have been read; says a sentence at the end."""

    def __init__(self) -> None:
        self._shown = ""
        self._ended = False

    def __call__(self, done: int, total: int, *, finished: bool) -> None:
        """The figures of this moment; nothing happens after the last ones."""
        if self._ended:
            return
        self._ended = finished
        if finished:
            text = f"{counted(total, 'session file')} read. What they say can be searched; learning goes on.\n"
            click.echo(f"{_CLEAR if self._shown else ''}{text if total else ''}", nl=False, err=True)
            return
        text = f"reading old sessions {bar(done, total)}" if total else ""
        if text != self._shown:
            self._shown = text
            click.echo(f"{_CLEAR}{text}", nl=False, err=True)
