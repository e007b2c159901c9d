"""The program `sidecar`: all commands, and the one place where errors become words and exit codes."""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Sequence

import click

from sidecar import __version__
from sidecar.cli import (
    accept,
    bench,
    config,
    demo,
    diff,
    doctor,
    down,
    edit,
    exchange,
    hook,
    ingest,
    install,
    jobs,
    log,
    mcp,
    memories,
    pause,
    profiles,
    rebuild,
    recall,
    remember,
    removal,
    review,
    scan,
    search,
    sharing,
    snapshot,
    status,
    summary,
    undo,
    up,
)
from sidecar.cli import (
    help as help_command,
)
from sidecar.cli.options import Group, Session, debug_option
from sidecar.cli.output import line
from sidecar.errors import SidecarError

_INTERRUPTED = 130
"""What shells return for a program that Ctrl-C ended."""

_BUG = 70


@click.group(
    cls=Group,
    invoke_without_command=True,
    params=[debug_option()],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="sidecar")
@click.pass_context
def cli(context: click.Context) -> None:
    """A local memory for AI agents: Markdown files in git that you own, learned from your agents' transcripts."""
    if os.environ.get("NO_COLOR"):
        context.color = False
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for _command in (
    up.up,
    down.down,
    pause.pause,
    pause.resume,
    status.status,
    demo.demo,
    recall.recall,
    remember.remember,
    search.search,
    memories.list_memories,
    memories.show,
    edit.edit,
    removal.forget,
    removal.delete,
    profiles.profiles,
    summary.summary,
    log.log,
    diff.diff,
    undo.undo,
    snapshot.snapshot,
    ingest.ingest,
    jobs.jobs,
    rebuild.rebuild,
    scan.scan,
    exchange.export,
    exchange.import_memories,
    review.review,
    accept.accept,
    install.install,
    install.uninstall,
    hook.hook,
    mcp.mcp,
    sharing.share,
    sharing.join,
    sharing.sync,
    config.config,
    doctor.doctor,
    bench.bench,
    help_command.help_command,
):
    cli.add_command(_command)


def main(arguments: Sequence[str]) -> int:
    """Run one command line; returns its exit code.  Errors are told on stderr in two lines, `Error:` and `Try:`."""
    session = Session()
    try:
        result = cli.main(args=list(arguments), prog_name="sidecar", standalone_mode=False, obj=session)
    except click.ClickException as error:
        return _tell(error.format_message(), _usage_hint(error), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("", err=True)
        return _INTERRUPTED
    except SystemExit:  # how click ends when the reader of our output has gone (`sidecar list | head`)
        return 0
    except SidecarError as error:
        _show_traceback(session)
        return _tell(error.message, error.hint, error.exit_code)
    except Exception as error:
        _show_traceback(session)
        hint = "Report it, with what `--debug` shows." if not session.debug else "Report it."
        return _tell(f"This is a bug in sidecar: {type(error).__name__}: {error}", hint, _BUG)
    return result if isinstance(result, int) else 0


def _usage_hint(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"`{context.command_path} --help`" if context else "`sidecar help`"


def _tell(message: str, hint: str, code: int) -> int:
    click.echo(f"Error: {line(message)}", err=True)
    click.echo(f"Try: {line(hint)}", err=True)
    return code


def _show_traceback(session: Session) -> None:
    if session.debug:
        traceback.print_exc()


def _drop_output() -> None:
    """The reader of our output has gone: let Python's last flush go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run() -> None:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Transcripts hold what no terminal can show, such as half of a surrogate pair.
            stream.reconfigure(errors="backslashreplace")
    code = main(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
    sys.exit(code)
