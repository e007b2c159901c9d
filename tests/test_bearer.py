"""The token of the TCP listener: made once, private, and nothing else is taken for one."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sidecar import bearer
from sidecar.config import Listen
from sidecar.errors import FileSystemFailed, TokenFileUnfit
from sidecar.paths import resolve


def test_a_token_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "token"
    before = os.umask(0)
    try:
        made = bearer.token(path)
    finally:
        os.umask(before)
    assert bearer.token(path) == made
    assert len(made) >= 43
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == ["token"]


def test_many_at_once_get_the_same_token(tmp_path: Path) -> None:
    path = tmp_path / "token"
    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(lambda _: bearer.token(path), range(32)))
    assert len(found) == 1


@pytest.mark.parametrize(
    ("content", "mode", "why"),
    [
        ("k" * 40, 0o640, "others may read or write it"),
        ("k" * 40, 0o602, "others may read or write it"),
        ("short", 0o600, "32 to 512 characters"),
        ("", 0o600, "32 to 512 characters"),
        ("k" * 40 + "\n" + "k" * 40, 0o600, "32 to 512 characters"),
        ("k" * 39 + "ü", 0o600, "32 to 512 characters"),
    ],
)
def test_an_unfit_file_is_refused_and_left_as_it_is(tmp_path: Path, content: str, mode: int, why: str) -> None:
    path = tmp_path / "token"
    path.write_text(content, encoding="utf-8")
    path.chmod(mode)
    with pytest.raises(TokenFileUnfit, match=why):
        bearer.token(path)
    assert path.read_text(encoding="utf-8") == content


def test_a_persons_own_token_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"{'a1-._~+/=' * 4}\n")
    path.chmod(0o600)
    assert bearer.token(path) == "a1-._~+/=" * 4


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(TokenFileUnfit, match="no file"):
        bearer.token(tmp_path / "pipe")
    with pytest.raises(FileSystemFailed, match="token file"):
        bearer.token(tmp_path)
    with pytest.raises(FileSystemFailed, match="token file"):
        bearer.token(tmp_path / ("long" * 200))


def test_the_settings_name_the_place(tmp_path: Path) -> None:
    places = resolve({"SIDECAR_HOME": str(tmp_path)})
    assert bearer.place(Listen(), places) == tmp_path / "state" / "token"
    assert bearer.place(Listen(token_file="/run/secrets/sidecar"), places) == Path("/run/secrets/sidecar")
