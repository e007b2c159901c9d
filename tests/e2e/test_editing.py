"""Changing one memory by request or in an editor: guarded, checked, and nothing lost on an error."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from running import Daemon, git

from sidecar.errors import BadMemoryFile, BadRequest, ChangedOnDisk, Refused, UnknownMemory


@pytest.fixture
def one(daemon: Daemon, project: Path) -> dict[str, Any]:
    """A running daemon's only memory."""
    daemon.start()
    body = {"content": "The nightly backup runs at 02:10.", "key": "backup/time", "cwd": str(project)}
    found: dict[str, Any] = daemon.client.request("POST", "/v1/remember", body)
    daemon.settle()
    return found


def patch(daemon: Daemon, project: Path, identifier: str, **fields: Any) -> dict[str, Any]:
    found: dict[str, Any] = daemon.client.request(
        "PATCH", f"/v1/memories/{identifier}", {**fields, "cwd": str(project)}
    )
    return found


def path_of(daemon: Daemon, memory: dict[str, Any]) -> Path:
    return daemon.store / "tern" / str(memory["path"])


def test_a_patch_changes_words_and_keys_and_is_recalled_at_once(daemon: Daemon, project: Path, one: Any) -> None:
    path = path_of(daemon, one)
    path.write_text(path.read_text().replace("type: fact\n", "type: fact  # mine\nmood: good\n"))
    changed = patch(
        daemon,
        project,
        one["id"],
        content="The nightly backup begins at 05:55.",
        tags=["ops"],
        pinned=True,
        key="ops/backup",
    )
    assert (changed["id"], changed["path"], changed["key"], changed["pinned"]) == (
        one["id"],
        one["path"],
        "ops/backup",
        True,
    )
    assert daemon.contents("when does the nightly backup begin?", project)[:1] == [
        "The nightly backup begins at 05:55."
    ]
    text = path.read_text()
    assert "type: fact  # mine\nmood: good\n" in text
    assert "edited: " in text
    daemon.settle()
    assert git(daemon.store / "tern", "log", "--format=%an", "-2").splitlines() == ["sidecar", "Ines Example"]
    cleared = patch(daemon, project, one["id"], key="", tags=[], pinned=False)
    assert (cleared["key"], cleared["tags"], cleared["pinned"], cleared["updatedAt"]) == (
        None,
        [],
        False,
        changed["updatedAt"],
    )


def test_a_patch_of_a_file_that_is_another_by_now_is_refused(daemon: Daemon, project: Path, one: Any) -> None:
    path = path_of(daemon, one)
    edited = path.read_text().replace("02:10", "03:33")
    path.write_text(edited)
    with pytest.raises(ChangedOnDisk):
        patch(daemon, project, one["id"], content="By the machine.", expected_sha256=one["sha256"])
    assert "03:33" in path.read_text()
    daemon.settle()
    now = hashlib.sha256(path.read_bytes()).hexdigest()
    assert patch(daemon, project, one["id"], summary="The hour", expected_sha256=now)["summary"] == "The hour"
    assert "03:33" in path.read_text()


def test_what_may_not_be_patched(daemon: Daemon, project: Path, one: Any) -> None:
    with pytest.raises(UnknownMemory):
        patch(daemon, project, "01M7WTWTW08H7W2R5T6Y5XK2QC", pinned=True)
    for fields in ({}, {"key": "Not A Key"}, {"text": "x"}, {"type": "opinion"}, {"expected_sha256": one["sha256"]}):
        with pytest.raises(BadRequest):
            patch(daemon, project, one["id"], **fields)
    path = path_of(daemon, one)
    path.write_text(path.read_text().replace("type: fact", "type: [fact"))
    with pytest.raises(ChangedOnDisk):
        patch(daemon, project, one["id"], pinned=True)
    path.write_text(path.read_text().replace("type: [fact", "type: fact\nread_only: true"))
    with pytest.raises(Refused, match="read_only"):
        patch(daemon, project, one["id"], pinned=True)


def test_a_key_that_another_memory_has_is_settled_by_the_rule(daemon: Daemon, project: Path, one: Any) -> None:
    body = {"content": "The backup is at 04:00.", "key": "other/key", "cwd": str(project)}
    later = daemon.client.request("POST", "/v1/remember", body)
    assert patch(daemon, project, later["id"], key="backup/time")["status"] == "active"
    found = daemon.client.request("GET", f"/v1/memories/{one['id']}", query={"cwd": str(project)})
    assert found["status"] == "superseded"


def test_secrets_in_a_patch_are_not_kept(daemon: Daemon, project: Path, one: Any) -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    patch(daemon, project, one["id"], content=f"The token of the bot is {secret}.")
    assert secret not in path_of(daemon, one).read_text()


def editor(daemon: Daemon, script: str) -> dict[str, str]:
    """An environment whose editor runs a line of shell on the file `$1`."""
    program = daemon.home / "editor.sh"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    return {"EDITOR": str(program)}


def run_edit(daemon: Daemon, project: Path, identifier: str, script: str) -> Any:
    daemon.environ = editor(daemon, script)
    return daemon.cli("edit", identifier, cwd=project)


def test_edit_puts_what_was_saved_in_place_as_the_users(daemon: Daemon, project: Path, one: Any) -> None:
    done = run_edit(daemon, project, one["id"], "sed -i 's/02:10/06:06/; s/^type: fact$/type: fact # mine/' \"$1\"")
    assert done.returncode == 0, done.stderr
    assert daemon.contents("when does the nightly backup run?", project)[:1] == ["The nightly backup runs at 06:06."]
    daemon.settle()
    text = path_of(daemon, one).read_text()
    assert "type: fact # mine\n" in text
    assert "edited: " in text
    assert "Ines Example" in git(daemon.store / "tern", "log", "--format=%an", "-2")


def test_edit_without_a_change_does_nothing(daemon: Daemon, project: Path, one: Any) -> None:
    before = path_of(daemon, one).read_bytes()
    assert run_edit(daemon, project, one["id"], "true").returncode == 0
    assert run_edit(daemon, project, one["id"], "exit 3").returncode == 2
    assert path_of(daemon, one).read_bytes() == before


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ("sed -i 's/^type: fact$/type: [fact/' \"$1\"", 15, "YAML"),
        ("sed -i 's/^id: .*$/id: 01M7WTWTW08H7W2R5T6Y5XK2QC/; s/02:10/07:07/' \"$1\"", 2, "id"),
        ('sed -i \'s/02:10/07:07/\' "$1"; echo more >> "$STORE_FILE"', 5, "changed"),
    ],
)
def test_a_text_that_cannot_be_taken_is_kept_and_the_file_stays(
    daemon: Daemon, project: Path, one: Any, script: str, code: int, said: str
) -> None:
    path = path_of(daemon, one)
    done = run_edit(daemon, project, one["id"], f'STORE_FILE="{path}"\n{script}')
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    (kept,) = re.findall(r"kept in (\S+\.md)", done.stderr)
    assert Path(kept).read_text() != path.read_text()
    assert "02:10" in path.read_text()
    Path(kept).unlink()


def test_edit_mends_a_bad_file(daemon: Daemon, project: Path, one: Any) -> None:
    path = path_of(daemon, one)
    path.write_text(path.read_text().replace("type: fact", "type: [fact"))
    done = run_edit(daemon, project, one["id"], "sed -i 's/type: \\[fact/type: fact/' \"$1\"")
    assert done.returncode == 0, done.stderr
    assert not daemon.status()["bad_files"]


def test_a_text_by_the_api_is_checked_as_well(daemon: Daemon, project: Path, one: Any) -> None:
    with pytest.raises(BadMemoryFile):
        patch(daemon, project, one["id"], text="---\ntype: x\n---\nwords\n", expected_sha256=one["sha256"])
