"""Files are the truth: hand edits, deletions, broken files, a deleted cache."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from running import Daemon, git, wait_until


@pytest.fixture
def filled(daemon: Daemon, project: Path) -> Daemon:
    """A running daemon that remembers two things."""
    daemon.start()
    for content, key in (
        ("The nightly backup runs at 02:10.", "backup/time"),
        ("Deployments go through the release train on Tuesdays.", "deploy/process"),
    ):
        daemon.client.request("POST", "/v1/remember", {"content": content, "key": key, "cwd": str(project)})
    daemon.settle()
    return daemon


def _file(daemon: Daemon, text: str) -> Path:
    paths = [path for path in (daemon.store / "tern").rglob("*.md") if path.name != "PROFILE.md"]
    (found,) = (path for path in paths if text in path.read_text())
    return found


def test_an_edit_in_an_editor_is_recalled_and_committed_as_the_user(filled: Daemon, project: Path) -> None:
    path = _file(filled, "02:10")
    path.write_text(path.read_text().replace("The nightly backup runs at 02:10.", "The nightly backup runs at 03:33."))
    wait_until(
        "the edit is recalled",
        lambda: any("03:33" in text for text in filled.contents("when does the backup run?", project)),
    )
    filled.settle()
    log = git(filled.store / "tern", "log", "--format=%an", "-3").splitlines()
    assert "Ines Example" in log
    assert "edited:" in path.read_text()
    assert not any("02:10" in text for text in filled.contents("when does the backup run?", project))


def test_an_edit_by_atomic_rename_is_recalled(filled: Daemon, project: Path) -> None:
    path = _file(filled, "02:10")
    beside = path.with_name("4913.swp")
    beside.write_text(path.read_text().replace("02:10", "04:44"))
    beside.rename(path)
    wait_until(
        "the edit is recalled",
        lambda: any("04:44" in text for text in filled.contents("when does the backup run?", project)),
    )


def test_a_deleted_file_is_gone_from_recall_and_committed(filled: Daemon, project: Path) -> None:
    path = _file(filled, "02:10")
    path.unlink()
    wait_until("it is gone", lambda: not filled.contents("when does the nightly backup run?", project))
    filled.settle()
    profile = filled.store / "tern"
    assert git(profile, "status", "--porcelain") == ""
    assert str(path.relative_to(profile)) not in git(profile, "ls-files")
    assert list((profile / "tombstones").glob("*.yaml"))


def test_a_broken_file_is_named_and_its_last_good_version_answers(filled: Daemon, project: Path) -> None:
    path = _file(filled, "02:10")
    good = path.read_text()
    broken = good.replace("key: backup/time", "key: [backup/time")
    path.write_text(broken)
    bad = wait_until("status names the file", lambda: filled.status()["bad_files"])
    assert bad[0]["path"].endswith(path.name)
    assert isinstance(bad[0]["line"], int)
    assert bad[0]["reason"]
    assert any("02:10" in text for text in filled.contents("when does the backup run?", project))
    filled.stop()
    filled.start()
    wait_until("status names the file again", lambda: filled.status()["bad_files"])
    assert any("02:10" in text for text in filled.contents("when does the backup run?", project))
    assert path.read_text() == broken
    path.write_text(good.replace("02:10", "05:05"))
    wait_until(
        "the mended file is recalled",
        lambda: any("05:05" in text for text in filled.contents("when does the backup run?", project)),
    )
    assert not filled.status()["bad_files"]


def test_a_file_with_only_a_body_is_adopted(filled: Daemon, project: Path) -> None:
    path = filled.store / "tern" / "instructions" / "general" / "by-hand.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("Write changelog entries in the imperative mood.\n")
    wait_until(
        "it is recalled", lambda: any("imperative" in text for text in filled.contents("changelog mood", project))
    )
    filled.settle()
    text = path.read_text()
    assert text.startswith("---\n")
    assert "id: " in text
    assert text.endswith("Write changelog entries in the imperative mood.\n")


def test_a_deleted_cache_is_made_anew_while_it_runs(filled: Daemon, project: Path) -> None:
    shutil.rmtree(filled.sidecar_home / "cache")
    found = filled.contents("when does the nightly backup run?", project)
    assert any("02:10" in text for text in found)
    filled.settle()
    filled.client.request("POST", "/v1/remember", {"content": "The feeder is filled on Mondays.", "cwd": str(project)})
    assert any("Mondays" in text for text in filled.contents("when is the feeder filled?", project))
    assert (filled.sidecar_home / "cache" / "index").is_dir()


def test_a_deleted_cache_is_made_anew_at_the_start(filled: Daemon, project: Path) -> None:
    filled.stop()
    shutil.rmtree(filled.sidecar_home / "cache")
    filled.start()
    filled.settle()
    assert any("02:10" in text for text in filled.contents("when does the nightly backup run?", project))


def test_rebuild_by_command(filled: Daemon, project: Path) -> None:
    before = filled.settle()["index"]["generation"]
    result = filled.cli("rebuild")
    assert result.returncode == 0, result.stderr
    wait_until("the index is another one", lambda: filled.status()["index"]["generation"] > before)
    filled.settle()
    assert any("02:10" in text for text in filled.contents("when does the nightly backup run?", project))


def test_forget_is_kept_over_ingest_restart_and_rebuild(filled: Daemon, project: Path) -> None:
    (memory,) = [
        c for c in filled.recall("when does the nightly backup run?", project)["candidates"] if "02:10" in c["content"]
    ]
    route = f"/v1/memories/{memory['id']}/forget"
    filled.client.request("POST", route, {"reason": "moved", "cwd": str(project)})
    assert not filled.contents("when does the nightly backup run?", project)
    filled.settle()
    filled.stop()
    shutil.rmtree(filled.sidecar_home / "cache")
    filled.start()
    filled.settle()
    assert not filled.contents("when does the nightly backup run?", project)


def test_losing_the_state_loses_no_memory(filled: Daemon, project: Path) -> None:
    filled.stop()
    shutil.rmtree(filled.sidecar_home / "state")
    filled.start()
    filled.settle()
    assert any("02:10" in text for text in filled.contents("when does the nightly backup run?", project))
    assert [profile["name"] for profile in filled.status()["profiles"] if profile["name"] != "personal"] == ["tern"]
