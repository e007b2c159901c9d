"""The whole trial: a daemon in a home of its own, every case on every road, then a look at every byte."""

import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.home import running
from benchmarks.secretcases import below, roads
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
        with running(user, SETTINGS) as home:
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
