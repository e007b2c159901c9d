"""The whole trial: a daemon in a home of its own, every case on every road, then a look at every byte."""

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.home import running
from benchmarks.secretcases import (
    below,
    dev_harmless,
    dev_secrets,
    held_harmless,
    held_secrets,
    measure,
    roads,
)  # fmt: skip
from benchmarks.secretcases.made import Secret

SETTINGS: Final = {
    "SIDECAR_EXTRACT_EXTRACTOR": "rules",
    "SIDECAR_WATCH_QUIET_SECONDS": "0.3",
    "SIDECAR_GIT_QUIET_SECONDS": "0.3",
    "SIDECAR_LOG_LEVEL": "debug",
}


def walked(cases: Sequence[Secret], *, cli: bool = True) -> dict[str, list[str]]:
    """By the name of a case, the places below the home in which something of its secrets was found."""
    with tempfile.TemporaryDirectory(prefix="sidecar-secrets-") as name:
        user, project = Path(name), Path(name) / "shop"
        _repository(project)
        every = [*cases, roads.remote_with_token(project)]
        roads.transcripts(user, project, cases)
        with running(user, settings=SETTINGS) as home:
            roads.over_http(home.client, project, user, cases)
            roads.over_mcp(home.client, project, cases)
            if cli:
                environ = {**os.environ, "HOME": str(user), "SIDECAR_HOME": str(home.folder)}
                roads.over_cli(project, environ, cases)
            home.settled()
            home.client.request("DELETE", "/v1/namespaces/local/profiles/personal")  # one in the trash as well
            return below.found(home.folder, every)


def _repository(folder: Path) -> None:
    folder.mkdir()
    who = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    for arguments in (("init", "-q", "-b", "main"), (*who, "commit", "-q", "--allow-empty", "-m", "begin")):
        subprocess.run(["git", "-C", str(folder), *arguments], check=True)


HALVES: Final = {
    "dev": (dev_secrets.cases, dev_harmless.cases),
    "held": (held_secrets.cases, held_harmless.cases),
}


def figures(*, roads: bool) -> dict[str, dict[str, Any]]:
    """By half: how many secrets there are, which are missed, how many look-alikes, and in which something is taken."""
    found: dict[str, dict[str, Any]] = {}
    for half, (secrets, lookalikes) in HALVES.items():
        cases, harmless = secrets(), lookalikes()
        missed = sorted(walked(cases)) if roads else [case.name for case in measure.missed(cases)]
        found[half] = {
            "secrets": len(cases) + (1 if roads else 0),  # and the remote of the project
            "forms": len({case.form for case in cases}),
            "missed": missed,
            "lookalikes": len(harmless),
            "taken": [case.name for case in measure.harmed(harmless)],
        }
    return found


def table(found: Mapping[str, Mapping[str, Any]]) -> str:
    """The figures as text."""
    lines = [f"{'':6}{'forms':>7}{'secrets':>9}{'missed':>8}{'look-alikes':>13}{'taken':>7}"]
    for half, row in found.items():
        missed, taken = len(row["missed"]), len(row["taken"])
        lines.append(f"{half:6}{row['forms']:7}{row['secrets']:9}{missed:8}{row['lookalikes']:13}{taken:7}")
    both = [sum(len(row[name]) for row in found.values()) for name in ("missed", "taken")]
    all_of = [sum(row[name] for row in found.values()) for name in ("secrets", "lookalikes")]
    return "\n".join([*lines, f"{'both':6}{'':7}{all_of[0]:9}{both[0]:8}{all_of[1]:13}{both[1]:7}"])
