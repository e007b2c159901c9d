"""What the daemon takes from its own child: data, and nothing that is called."""

from __future__ import annotations

import os
import pickle
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sidecar.daemon.parcels import packed, unpacked
from sidecar.pieces import read_piece
from sidecar.transcripts import READERS

SAMPLES = Path(__file__).parents[1] / "data"


class Calls:
    """Would be called by whoever unpacks it."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.said = function, arguments

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.said


@pytest.mark.parametrize(
    "value", [None, ("a", "/b", None), {"x": [1, 2.5, b"z"]}, datetime(2026, 9, 1, tzinfo=UTC), Path("/a")]
)
def test_plain_values_come_back(value: object) -> None:
    assert unpacked(packed(value)) == value


def test_pieces_of_every_agents_transcripts_come_back() -> None:
    seen = set()
    for agent in sorted(READERS):
        for path in sorted((SAMPLES / "transcripts" / agent).rglob("*")):
            if path.is_file() and path.suffix in (".jsonl", ".json", ".md"):
                try:
                    piece = read_piece(agent, path, None)
                except Exception:  # noqa: BLE001 - damaged samples are other tests' matter
                    continue
                assert unpacked(packed(piece)) == piece
                seen.add(agent)
    assert len(seen) > 5


@pytest.mark.parametrize(
    "evil",
    [
        Calls(os.system, "true"),
        Calls(eval, "1"),
        Calls(getattr, "x", "upper"),
        Calls(os.remove, "/nowhere"),
        ["deep", {"in": Calls(os.getcwd)}],
    ],
)
def test_what_would_be_called_is_refused(evil: object) -> None:
    with pytest.raises(ValueError, match="is no data"):
        unpacked(pickle.dumps(evil))


@pytest.mark.parametrize("data", [b"", b"{", b"\x80\x05", b"\x80\x05K", packed("whole")[:-3]])
def test_broken_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no value of ours"):
        unpacked(data)


@pytest.mark.parametrize("name", ["sidecar.git.runner\nrun", "sidecar.daemon.app\nrun", "builtins\nexec", "os\nsystem"])
def test_no_function_is_even_looked_up(name: str) -> None:
    with pytest.raises(ValueError, match="is no data"):
        unpacked(b"c" + name.encode() + b"\n.")
