"""Two people's daemons that share a profile through a bare repository."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Daemon, git, repository, tree, wait_until

QUICK = {"SIDECAR_SYNC_MINUTES": "0.1"}


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Daemon, Daemon]]:
    found = []
    for name in ("ada", "bo"):
        home = tmp_path / name
        home.mkdir()
        (home / ".gitconfig").write_text(f"[user]\n\tname = {name}\n\temail = {name}@example.org\n")
        found.append(Daemon(home, QUICK))
    yield found[0], found[1]
    for daemon in found:
        daemon.end()


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    folder = tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder)], check=True)
    return folder


def sync_of(daemon: Daemon, profile: str) -> dict[str, object]:
    return next((row["sync"] for row in daemon.status()["profiles"] if row["name"] == profile and "sync" in row), {})


def test_what_one_learns_the_other_recalls(pair: tuple[Daemon, Daemon], remote: Path) -> None:
    ada, bo = pair
    for daemon in pair:
        repository(daemon.home / "work" / "tern", "tern")
        daemon.start()
    at_ada, at_bo = (daemon.home / "work" / "tern" for daemon in pair)
    ada.cli("remember", "The staging host is tern-3.", cwd=at_ada)
    ada.settle()
    preview = ada.cli("share", "tern", str(remote), "--dry-run")
    assert (preview.returncode, "tern-3" in preview.stdout) == (0, True), preview.stderr
    assert git(remote, "for-each-ref") == ""
    assert ada.cli("share", "tern", str(remote)).returncode == 0
    joined = bo.cli("join", str(remote), cwd=at_bo)
    assert joined.returncode == 0, joined.stderr
    assert "local/tern" in joined.stdout
    assert "belongs to no project" not in joined.stdout
    assert "The staging host is tern-3." in bo.contents("Which is the staging host?", at_bo)
    # From here on by itself, in both directions.
    bo.cli("remember", "The release day is Thursday.", cwd=at_bo)
    wait_until(
        "what Bo learned reaches Ada", lambda: "The release day is Thursday." in ada.contents("release day", at_ada)
    )
    wait_until("it is shown as synced", lambda: sync_of(ada, "tern").get("state") == "synced")
    for daemon in pair:
        daemon.settle()
    assert "synced with" in ada.cli("status").stdout
    told = bo.cli("sync", "tern")
    assert (told.returncode, "local/tern: " in told.stdout) == (0, True), told.stderr
    wait_until("the files are the same", lambda: tree(ada.store, ()) == tree(bo.store, ()))
    who = git(remote, "log", "--format=%an", "main").splitlines()
    assert "ada" in who


def test_without_its_remote_a_daemon_goes_on_and_says_so(pair: tuple[Daemon, Daemon], remote: Path) -> None:
    ada, _ = pair
    ada.start()
    ada.cli("remember", "Words to share.", cwd=ada.home)
    ada.settle()
    assert ada.cli("share", "personal", str(remote)).returncode == 0
    away = remote.rename(remote.with_name("away.git"))
    done = ada.cli("sync", "personal")
    assert done.returncode == 7
    assert "does not answer" in done.stderr
    state = sync_of(ada, "personal")
    assert (state["state"], state["remote"]) == ("offline", str(remote))
    assert "does not answer" in str(state["error"])
    ada.cli("remember", "Learned while away.", cwd=ada.home)
    ada.settle()
    away.rename(remote)
    assert ada.cli("sync").returncode == 0
    assert "Learned while away." in git(remote, "log", "-p", "main")
    assert sync_of(ada, "personal")["state"] == "synced"
    shutil.rmtree(remote)
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(remote)], check=True)
    assert ada.cli("sync", "personal").returncode == 6
    assert sync_of(ada, "personal")["state"] == "rewritten"
    assert git(remote, "for-each-ref") == ""
    assert ada.stop() < 15


def test_a_project_carries_its_memories_itself(pair: tuple[Daemon, Daemon]) -> None:
    ada, _ = pair
    ada.start()
    project = repository(ada.home / "work" / "tern", "tern")
    folder, head = project / ".memory", git(project, "rev-parse", "HEAD")
    ada.cli("remember", "The staging host is tern-3.", cwd=project)
    ada.settle()
    assert not folder.exists()
    elsewhere = ada.cli("profiles", "carry", cwd=ada.home)
    assert (elsewhere.returncode, "no project" in elsewhere.stderr) == (5, True)
    done = ada.cli("profiles", "carry", cwd=project)
    assert (done.returncode, str(folder) in done.stdout) == (0, True), done.stderr
    (file,) = folder.glob("facts/general/*.md")
    ada.cli("remember", "The release day is Thursday.", cwd=project)
    wait_until("it is written there", lambda: len(list(folder.glob("facts/general/*.md"))) == 2)
    file.write_text(file.read_text().replace("The staging host is tern-3.", "The staging host is heron-5."))
    question = "Which is the staging host?"
    wait_until("an edit there is recalled", lambda: "The staging host is heron-5." in ada.contents(question, project))

    def row() -> dict[str, object]:
        found: list[dict[str, object]] = ada.status()["profiles"]
        return next((one["carried"] for one in found if "carried" in one), {})

    wait_until("status tells what is not committed", lambda: row().get("uncommitted") == 3)
    assert "3 files there not committed" in ada.cli("status").stdout
    assert git(project, "rev-parse", "HEAD") == head
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "memories")
    wait_until("it sees that they are committed", lambda: row().get("uncommitted") == 0)
    ada.stop()
    ada.start()
    wait_until("it is in step after a restart", lambda: row().get("state") == "in step")
    (folder / "link.md").symlink_to(ada.home / ".ssh")
    wait_until("what is wrong is named", lambda: row().get("state") == "refused")
    (folder / "link.md").unlink()
    wait_until("and mended", lambda: row().get("state") == "in step")
    (memory,) = [one for one in ada.client.request("GET", "/v1/memories", query={"cwd": str(project)})
                 if "Thursday" in one["summary"]]  # fmt: skip
    purged = ada.cli("forget", memory["id"], "--purge", "--yes", cwd=project)
    assert f"Still held by {folder}: what you have committed" in purged.stdout
    assert not [path for path in folder.rglob("*.md") if "Thursday" in path.read_text()]
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "without it")
    assert ada.cli("profiles", "carry", "--stop", cwd=project).returncode == 0
    assert row() == {}
    assert git(project, "status", "--porcelain") == ""
