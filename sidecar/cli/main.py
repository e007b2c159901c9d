"""The program `sidecar`: all commands, and the one place where errors become words and exit codes."""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from sidecar import __version__
from sidecar.cli.options import Group, Session, debug_option
from sidecar.cli.output import line
from sidecar.errors import SidecarError

_INTERRUPTED = 130
"""What shells return for a program that Ctrl-C ended."""

_BUG = 70

_COMMANDS = {
    "up": "up.up",
    "down": "down.down",
    "pause": "pause.pause",
    "resume": "pause.resume",
    "status": "status.status",
    "demo": "demo.demo",
    "recall": "recall.recall",
    "remember": "remember.remember",
    "search": "search.search",
    "list": "memories.list_memories",
    "show": "memories.show",
    "edit": "edit.edit",
    "forget": "removal.forget",
    "delete": "removal.delete",
    "profiles": "profiles.profiles",
    "summary": "summary.summary",
    "log": "log.log",
    "diff": "diff.diff",
    "undo": "undo.undo",
    "snapshot": "snapshot.snapshot",
    "ingest": "ingest.ingest",
    "jobs": "jobs.jobs",
    "rebuild": "rebuild.rebuild",
    "scan": "scan.scan",
    "export": "exchange.export",
    "import": "exchange.import_memories",
    "review": "review.review",
    "accept": "accept.accept",
    "install": "install.install",
    "uninstall": "install.uninstall",
    "hook": "hook.hook",
    "mcp": "mcp.mcp",
    "share": "sharing.share",
    "join": "sharing.join",
    "sync": "sharing.sync",
    "config": "config.config",
    "doctor": "doctor.doctor",
    "bench": "bench.bench",
    "help": "help.help_command",
}
"""Each command, in the order in which one meets them, with its module in this folder and its name there."""


class _Program(Group):
    """All commands, each imported when it is asked for: together they take longer than most of them run."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as click's own
        super().__init__(*args, **kwargs)
        self.commands = {name: click.Command(name) for name in _COMMANDS}  # for what a mistyped one may mean

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command's name."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, if there is one."""
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(".")
        command: click.Command = getattr(import_module(f"sidecar.cli.{module}"), name)
        return command


@click.group(
    cls=_Program,
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
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
    sys.exit(code)
