"""The light way to the socket's path says what the library says that knows every platform."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs.macos
import platformdirs.unix
import pytest

from sidecar import meeting
from sidecar.paths import resolve


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"SIDECAR_SOCKET": "/s", "SIDECAR_HOME": "/h", "XDG_RUNTIME_DIR": "/r"}, "/s"),
        ({"SIDECAR_HOME": "/h", "XDG_RUNTIME_DIR": "/r"}, "/h/run/sidecar.sock"),
        ({"SIDECAR_HOME": "/h/"}, "/h/run/sidecar.sock"),
        ({"XDG_RUNTIME_DIR": "/r", "XDG_STATE_HOME": "/x"}, "/r/sidecar/sidecar.sock"),
        ({"XDG_STATE_HOME": "/x"}, "/x/sidecar/run/sidecar.sock"),
        ({"SIDECAR_SOCKET": "", "SIDECAR_HOME": "", "XDG_RUNTIME_DIR": "", "XDG_STATE_HOME": "/x"},
         "/x/sidecar/run/sidecar.sock"),
        ({"XDG_RUNTIME_DIR": "r", "XDG_STATE_HOME": "/x"}, "/x/sidecar/run/sidecar.sock"),
    ],
)  # fmt: skip
def test_the_order_of_precedence(environ: dict[str, str], expected: str) -> None:
    assert meeting.socket_path(environ) == expected
    assert str(resolve(environ).socket) == expected


def test_without_any_variable_it_is_the_platforms_state_folder(home: Path) -> None:
    linux = platformdirs.unix.Unix("sidecar", appauthor=False).user_state_path
    mac = platformdirs.macos.MacOS("sidecar", appauthor=False).user_state_path
    assert meeting.socket_path({}, "linux") == f"{linux}/run/sidecar.sock"
    assert meeting.socket_path({}, "darwin") == f"{mac}/run/sidecar.sock"
    assert meeting.socket_path({}, "linux").startswith(str(home))


def test_a_relative_folder_of_xdg_is_ignored_as_its_specification_asks(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be another one in each folder that an agent works in."""
    monkeypatch.chdir(tmp_path)
    plain = resolve({})
    for name in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, "here")  # platformdirs looks there by itself
    assert resolve(os.environ) == plain
    assert plain.store.is_relative_to(home)


def test_tilde_and_relative_paths(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert meeting.socket_path({"SIDECAR_HOME": "~/x"}) == f"{home}/x/run/sidecar.sock"
    assert meeting.socket_path({"SIDECAR_SOCKET": "run/s"}) == f"{tmp_path}/run/s"
    assert resolve({"SIDECAR_HOME": "h"}).store == tmp_path / "h" / "store"
