"""Each row of the table in docs/editing.md: what a hand does to the files, and what becomes of it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from running import ClaudeSession, Daemon, git, repository, wait_until

QUESTION = "when does the nightly backup run?"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def kept(daemon: Daemon, project: Path) -> Path:
    """The file of a running daemon's memory about the backup; there are two others."""
    daemon.start()
    for content, key in (
        ("The nightly backup runs at 02:10.", "backup/time"),
        ("Deployments go through the release train on Tuesdays.", "deploy/process"),
        ("The feeder is filled on Mondays.", "feeder/day"),
    ):
        daemon.client.request("POST", "/v1/remember", {"content": content, "key": key, "cwd": str(project)})
    daemon.settle()
    (found,) = (path for path in (daemon.store / "tern" / "facts").rglob("*.md") if "02:10" in path.read_text())
    return found


def recalled(daemon: Daemon, project: Path, word: str, question: str = QUESTION) -> None:
    wait_until(f"{word} is recalled", lambda: any(word in text for text in daemon.contents(question, project)))


def listed(daemon: Daemon, project: Path, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = daemon.client.request(
        "GET", "/v1/memories", query={"cwd": str(project), "per_page": 500, **query}
    )
    return found


def in_place(path: Path, text: str) -> None:
    with path.open("r+") as file:
        file.seek(0)
        file.write(text)
        file.truncate()


def truncated_first(path: Path, text: str) -> None:
    path.write_text(text)


def renamed_over(path: Path, text: str) -> None:
    beside = path.with_name(f"{path.name}.new")
    beside.write_text(text)
    beside.replace(path)


def with_backup(path: Path, text: str) -> None:
    """As vim does: a probe, a swap file, the old file renamed to a backup, a new one in its place."""
    (path.parent / "4913").write_text("")
    (path.parent / "4913").unlink()
    swap = path.with_name(f".{path.name}.swp")
    swap.write_bytes(b"b0VIM 9.0")
    path.rename(f"{path}~")
    path.write_text(text)
    Path(f"{path}~").unlink()
    swap.unlink()


def in_many_steps(path: Path, text: str) -> None:
    with path.open("w") as file:
        for character in text:
            file.write(character)
            file.flush()


@pytest.mark.parametrize("save", [in_place, truncated_first, renamed_over, with_backup, in_many_steps])
def test_a_save_by_any_editor_is_recalled_kept_and_the_users(
    daemon: Daemon, project: Path, kept: Path, save: Callable[[Path, str], None]
) -> None:
    text = kept.read_text().replace("02:10", "03:33").replace("type: fact\n", "type: fact  # mine\nmood: good\n")
    save(kept, text)
    recalled(daemon, project, "03:33")
    daemon.settle()
    now = kept.read_text()
    assert re.sub(r"edited: .*\n", "", now) == text
    profile = daemon.store / "tern"
    assert git(profile, "log", "--format=%an", "-2") == "sidecar\nInes Example"
    assert git(profile, "show", "--format=", "--name-only", "HEAD~1") == str(kept.relative_to(profile))
    assert git(profile, "status", "--porcelain", "--ignored") in ("", "!! PROFILE.md")
    assert [one["key"] for one in listed(daemon, project) if "backup" in one["key"]] == ["backup/time"]


def test_a_persons_edit_beats_the_machine(daemon: Daemon, project: Path, kept: Path) -> None:
    kept.write_text(kept.read_text().replace("02:10", "03:33"))
    recalled(daemon, project, "03:33")
    daemon.settle()
    ClaudeSession(daemon.home, project).say(
        "Look at the backup.", ("assistant", "The nightly backup runs at 05:05, as backup/time says.")
    )
    wait_until("it was read", lambda: daemon.client.request(
        "POST", "/v1/search", {"query": "05:05", "cwd": str(project)})["count"])  # fmt: skip
    daemon.settle()
    (current,) = (one for one in listed(daemon, project) if one["key"] == "backup/time")
    assert "03:33" in current["summary"] or "03:33" in daemon.contents(QUESTION, project)[0]
    assert "03:33" in kept.read_text()


def test_500_files_by_a_script_are_all_taken_in_as_the_users(daemon: Daemon, project: Path, kept: Path) -> None:
    folder = daemon.store / "tern" / "notes"
    folder.mkdir()
    for number in range(500):
        (folder / f"n{number}.md").write_text(f"Locker {number} belongs to crew member {number}.\n")
    wait_until("all are listed", lambda: len(listed(daemon, project, tag=None)) == 500)
    daemon.settle()
    assert len(git(daemon.store / "tern", "ls-files", "notes").splitlines()) == 500
    for path in folder.iterdir():
        path.write_text(path.read_text().replace("crew member", "deck hand"))
    recalled(daemon, project, "deck hand 321.", "whose is locker 321?")
    daemon.settle(120)
    assert git(daemon.store / "tern", "status", "--porcelain") == ""
    assert all("edited: " in path.read_text() for path in folder.iterdir())
    authors = git(daemon.store / "tern", "log", "--format=%an", "--", "notes").splitlines()
    assert {"Ines Example", "sidecar"} == set(authors)


def test_git_checkout_and_revert_are_edits_too(daemon: Daemon, project: Path, kept: Path) -> None:
    profile = daemon.store / "tern"
    before = git(profile, "rev-parse", "HEAD")
    kept.write_text(kept.read_text().replace("02:10", "03:33"))
    recalled(daemon, project, "03:33")
    daemon.settle()
    git(profile, "checkout", before, "--", ".")
    recalled(daemon, project, "02:10")
    daemon.settle()
    assert git(profile, "status", "--porcelain") == ""
    kept.unlink()
    wait_until("it is gone", lambda: not any("02:10" in text for text in daemon.contents(QUESTION, project)))
    daemon.settle()
    git(profile, "checkout", before, "--", ".")
    recalled(daemon, project, "02:10")
    daemon.settle()
    assert not list((profile / "tombstones").glob("*"))


def test_a_renamed_file_is_the_same_memory(daemon: Daemon, project: Path, kept: Path) -> None:
    (before,) = (one for one in listed(daemon, project) if one["key"] == "backup/time")
    target = daemon.store / "tern" / "when" / "backup.md"
    target.parent.mkdir()
    kept.rename(target)
    wait_until("the path is known", lambda: any(one["path"] == "when/backup.md" for one in listed(daemon, project)))
    daemon.settle()
    (after,) = (one for one in listed(daemon, project) if one["key"] == "backup/time")
    assert (after["id"], after["sha256"]) == (before["id"], before["sha256"])
    recalled(daemon, project, "02:10")
    assert not list((daemon.store / "tern" / "tombstones").glob("*"))
    target.parent.rename(daemon.store / "tern" / "moved")
    wait_until(
        "the folder's move too", lambda: any(one["path"] == "moved/backup.md" for one in listed(daemon, project))
    )


def test_a_copy_is_named_and_the_original_answers(daemon: Daemon, project: Path, kept: Path) -> None:
    copy = kept.with_name("a.md")
    copy.write_text(kept.read_text().replace("02:10", "09:09"))
    (bad,) = wait_until("the copy is named", lambda: daemon.status()["bad_files"])
    assert bad["path"].endswith("a.md")
    assert "id" in bad["reason"]
    assert not any("09:09" in text for text in daemon.contents(QUESTION, project))
    daemon.settle()
    daemon.stop()
    daemon.start()
    daemon.settle()
    assert [one["path"].rpartition("/")[2] for one in daemon.status()["bad_files"]] == ["a.md"]
    recalled(daemon, project, "02:10")
    copy.write_text(re.sub(r"id: .*\n", "", copy.read_text()).replace("key: backup/time", "key: backup/other"))
    recalled(daemon, project, "09:09", "which backup runs at 09:09?")
    assert not daemon.settle()["bad_files"]
    recalled(daemon, project, "02:10")


def test_a_file_that_becomes_a_symlink_or_a_folder_is_named_and_answers_on(
    daemon: Daemon, project: Path, kept: Path
) -> None:
    elsewhere = daemon.home / "elsewhere.md"
    elsewhere.write_text("The nightly backup runs never.\n")
    good = kept.read_bytes()
    for replace in (lambda: kept.symlink_to(elsewhere), kept.mkdir):
        kept.unlink()
        replace()
        wait_until("it is named", lambda: [one for one in daemon.status()["bad_files"] if kept.name in one["path"]])
        recalled(daemon, project, "02:10")
        assert not any("never" in text for text in daemon.contents(QUESTION, project))
        daemon.settle()
        assert good in _committed(daemon.store / "tern", kept)
        kept.rmdir() if kept.is_dir() and not kept.is_symlink() else kept.unlink()
        kept.write_bytes(good)
        wait_until("it is mended", lambda: not daemon.status()["bad_files"])
    assert elsewhere.read_text() == "The nightly backup runs never.\n"
    assert not list((daemon.store / "tern" / "tombstones").glob("*"))


def _committed(profile: Path, path: Path) -> list[bytes]:
    return [(git(profile, "show", f"HEAD:{path.relative_to(profile)}") + "\n").encode()]


def test_a_file_moved_to_another_profile_is_known_there_and_not_learned_again_here(
    daemon: Daemon, project: Path, kept: Path
) -> None:
    other = repository(daemon.home / "work" / "gull", "gull")
    daemon.client.request("POST", "/v1/remember", {"content": "The gull lives on the roof.", "cwd": str(other)})
    target = daemon.store / "gull" / "facts" / "from-tern.md"
    target.parent.mkdir(parents=True, exist_ok=True)
    kept.rename(target)
    recalled(daemon, other, "02:10")
    wait_until("it is gone here", lambda: not any("02:10" in text for text in daemon.contents(QUESTION, project)))
    daemon.settle()
    assert len(list((daemon.store / "tern" / "tombstones").glob("*"))) == 1
    assert not list((daemon.store / "gull" / "tombstones").glob("*"))
    assert not daemon.status()["bad_files"]


def test_a_switched_branch_is_what_is_recalled_and_is_told(daemon: Daemon, project: Path, kept: Path) -> None:
    profile = daemon.store / "tern"
    first = git(profile, "rev-list", "--max-parents=0", "HEAD")
    git(profile, "switch", "-q", "-c", "trial", first)
    wait_until("nothing is recalled", lambda: not daemon.contents(QUESTION, project))
    wait_until("it is told", lambda: "trial" in str(daemon.status()["index"]["degraded"]))
    daemon.client.request("POST", "/v1/remember", {"content": "The trial began.", "cwd": str(project)})
    daemon.settle()
    assert "trial" in git(profile, "branch", "--contains", "HEAD")
    assert not list((profile / "tombstones").glob("*"))
    git(profile, "switch", "-q", "main")
    recalled(daemon, project, "02:10")
    wait_until("it is told no more", lambda: "trial" not in str(daemon.status()["index"]["degraded"]))
    daemon.settle()
    assert not list((profile / "tombstones").glob("*"))
    assert len(listed(daemon, project)) == 3


def test_a_detached_head_is_told_and_nothing_is_lost(daemon: Daemon, project: Path, kept: Path) -> None:
    profile = daemon.store / "tern"
    git(profile, "switch", "-q", "--detach")
    daemon.client.request("POST", "/v1/remember", {"content": "Learned while detached.", "cwd": str(project)})
    wait_until("it is told", lambda: "detached" in str(daemon.status()["index"]["degraded"]))
    git(profile, "switch", "-q", "main")
    daemon.settle()
    assert "Learned while detached." in git(profile, "log", "-1", "-p", "main")


def test_a_profile_folder_that_is_a_symlink_is_told(daemon: Daemon, project: Path, kept: Path) -> None:
    daemon.settle()
    daemon.stop()
    elsewhere = daemon.home / "elsewhere"
    shutil.move(daemon.store / "tern", elsewhere)
    (daemon.store / "tern").symlink_to(elsewhere)
    daemon.start()
    wait_until("it is told", lambda: "symlink" in str(daemon.status()["index"]["degraded"]))
    (daemon.store / "tern").unlink()
    shutil.move(elsewhere, daemon.store / "tern")
    recalled(daemon, project, "02:10")
    wait_until("it is told no more", lambda: "symlink" not in str(daemon.status()["index"]["degraded"]))


def test_a_file_without_permission_is_left_alone(daemon: Daemon, project: Path, kept: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("the superuser may read everything")
    kept.chmod(0)
    wait_until("it is named", lambda: daemon.status()["bad_files"])
    recalled(daemon, project, "02:10")
    kept.chmod(0o600)
    wait_until("it is read again", lambda: not daemon.status()["bad_files"])


def test_every_row_of_the_page_names_a_test_that_is_there() -> None:
    page = (ROOT / "docs" / "editing.md").read_text("utf-8")
    named = re.findall(r"`(test_\w+)`", page)
    assert len(named) >= 20
    known = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text("utf-8"))
    }
    assert set(named) <= known
