"""`sidecar edit`: a memory's file in your own editor, checked before it takes the old one's place."""

from __future__ import annotations

import click

from sidecar.cli.editor import Draft
from sidecar.cli.options import Command, chosen, client, json_option, profile_options
from sidecar.cli.output import line, print_json

_MOST_BYTES = 256 * 1024


class _FileDraft(Draft):
    """A whole file, of which every byte counts, line ends too."""

    def saved(self) -> str | None:
        """What the editor has left; None if it is the same.  Raises UsageError as `edited`."""
        if self.edited(most_bytes=_MOST_BYTES) is None:
            return None
        return self.path.read_bytes().decode("utf-8")


@click.command(cls=Command)
@click.argument("memory", metavar="ID")
@profile_options
@json_option
def edit(memory: str, profile: str | None, namespace: str | None, as_json: bool) -> None:
    """Edit the file of a memory in $VISUAL or $EDITOR.

    What you save is checked, and put in place only if it is a memory and nobody else has changed the file meanwhile;
    it is committed as yours.  Otherwise the file stays as it is, your text is kept, and you are told where.
    """
    speaker, where = client(), chosen(profile, namespace)
    found = speaker.memory_text(where, memory)
    with _FileDraft(str(found["text"]), f"sidecar-{memory}-") as draft:
        text = draft.saved()
        if text is None:
            click.echo("Nothing was changed.", err=True)
            return
        result = speaker.patch(where, memory, text=text, expected_sha256=found["sha256"])
        draft.taken()
    if as_json:
        print_json(result)
        return
    click.echo(f"Saved: {line(result.get('summary', ''))} ({line(result.get('path', ''))})")
