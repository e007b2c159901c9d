"""`sidecar install` and `uninstall`: into agents' settings, and out of them, never without showing what changes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sidecar.cli.options import Command, paths
from sidecar.cli.output import dim, line, safe
from sidecar.errors import Refused, UsageError
from sidecar.records import dataclass

if TYPE_CHECKING:
    from sidecar.install.changes import FileChange, Installer
    from sidecar.install.targets import Target

_NAMES = ("claude-code", "codex", "gemini", "opencode", "cursor", "qwen", "vscode", "goose", "copilot")


@dataclass(frozen=True, slots=True)
class Job:
    """Something to install into or out of: its name, its files, and what to say afterwards."""

    name: str
    targets: Sequence[Target]
    note: str = ""


def _options(command: click.Command) -> click.Command:
    command.params += [
        click.Argument(["agents"], nargs=-1, type=click.Choice(_NAMES), metavar="[AGENT]..."),
        click.Option(["--all", "everything"], is_flag=True, help="All agents that have settings on this machine."),
        click.Option(
            ["--instructions"],
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            help="A file such as AGENTS.md, and no other: one block that tells agents of the memory.",
        ),
        click.Option(["--service"], is_flag=True, help="The daemon as a service that starts with your session."),
        click.Option(["--yes", "-y"], is_flag=True, help="Do not ask."),
    ]
    return command


@click.command(cls=Command)
@click.option("--print", "only_print", is_flag=True, help="Print what belongs into which file, and change nothing.")
def install(
    agents: tuple[str, ...],
    everything: bool,
    instructions: Path | None,
    service: bool,
    yes: bool,
    only_print: bool,
) -> int:
    """Let agents use the memory: hooks and MCP server.

    Shows what changes in which of the agent's settings files, asks, and keeps a backup.  Only keys of sidecar's own are
    written; comments, order and everything else stay, other memories too.  Again does nothing.
    """
    jobs = _jobs(agents, everything, instructions, service, portable=only_print)
    if only_print:
        for job in jobs:
            _print(job)
        return 0
    return _run(jobs, yes=yes, removing=False)


@click.command(cls=Command)
def uninstall(agents: tuple[str, ...], everything: bool, instructions: Path | None, service: bool, yes: bool) -> int:
    """Take what `install` has written out again.

    A file that nobody has changed since is as it was before, byte for byte; from another only sidecar's own parts go.
    """
    return _run(_jobs(agents, everything, instructions, service, portable=False), yes=yes, removing=True)


_options(install)
_options(uninstall)


def _jobs(
    agents: Sequence[str], everything: bool, instructions: Path | None, service: bool, *, portable: bool
) -> list[Job]:
    from sidecar.install import instructions as texts
    from sidecar.install import service as services
    from sidecar.install import targets
    from sidecar.install.program import PORTABLE, this_program

    environ = os.environ
    program = PORTABLE if portable else this_program(environ)
    chosen = [targets.AGENTS[name] for name in dict.fromkeys(agents)]
    if everything:
        chosen = list(dict.fromkeys([*chosen, *targets.present(environ)]))
    jobs = [Job(agent.name, targets.targets(agent, environ, program), agent.after) for agent in chosen]
    if instructions is not None:
        path = Path(os.path.abspath(instructions))  # noqa: PTH100 - a link must stay one
        jobs.append(Job("instructions", [targets.Target(path, texts.edit(), "what agents are told")]))
    if service:
        jobs.append(Job("service", services.targets(environ, program), f"Start it: {services.after()}"))
    if not jobs and not everything:
        raise UsageError(detail="Name an agent, or --all.", hint=f"One of {', '.join(_NAMES)}.")
    return jobs


def _print(job: Job) -> None:
    for target in job.targets:
        click.echo(f"# {job.name}: {target.purpose}, in {target.path}")
        click.echo(target.edit.alone().rstrip("\n"))
        click.echo()


def _installer(job: Job) -> Installer:
    from sidecar.install.changes import Installer

    return Installer(paths().state / "install" / job.name)


def _run(jobs: Sequence[Job], *, yes: bool, removing: bool) -> int:
    """Show all changes, ask once, make them; the exit code says whether some file was left as it is."""
    planned = [(job, _installer(job)) for job in jobs]
    changes = [
        (job, installer, installer.plan_removal(job.targets) if removing else installer.plan(job.targets))
        for job, installer in planned
    ]
    for _, _, found in changes:
        for change in found:
            _show(change)
    needed = any(change.needed for _, _, found in changes for change in found)
    if needed:
        _ask(yes=yes)
    for job, installer, found in changes:
        _carry_out(job, installer, found, removing=removing)
    if not jobs:
        click.echo("No agent's settings were found on this machine.")
    return Refused.exit_code if any(change.problem for _, _, found in changes for change in found) else 0


def _show(change: FileChange) -> None:
    if change.problem is not None:
        click.echo(f"{change.path}: {line(change.problem.message)}", err=True)
        click.echo(dim(f"  {line(change.problem.hint)}"), err=True)
    elif change.needed:
        click.echo(safe(change.diff()), nl=False)


def _ask(*, yes: bool) -> None:
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Refused(detail="Nothing was changed: nobody is there to be asked.", hint="Say --yes.")
    if not click.confirm("Change these files?", default=True):
        raise Refused(detail="Nothing was changed, because you said no.", hint="See `sidecar install AGENT --print`.")


def _carry_out(job: Job, installer: Installer, found: Sequence[FileChange], *, removing: bool) -> None:
    done = [change for change in found if change.needed]
    for change in done:
        installer.apply_removal(change) if removing else installer.apply(change)
        click.echo(f"{'Removed from' if removing else 'Written:'} {change.path} ({change.purpose})")
    for change in found:
        if removing and not change.needed and change.problem is None:
            installer.forget(change.path)
    if removing:
        installer.tidy()
    if not done and not any(change.problem for change in found):
        click.echo(f"{job.name}: nothing to do.")
    if done and job.note and not removing:
        click.echo(job.note)
