"""The sample databases, and the sample files of an old OpenCode, where they lie beside the checkout."""

import json
import shutil
from pathlib import Path

import pytest

from sidecar.transcripts import READERS, ReadResult, detect


@pytest.fixture
def samples(shared: Path) -> Path:
    return shared / "transcripts"


def whole(agent: str, path: Path) -> ReadResult:
    return READERS[agent].read(path, None)


@pytest.mark.parametrize(
    ("agent", "name", "sessions", "said"),
    [
        ("goose", "goose/deja__goose.built.db", 1, ["inspect the sqlite fixture", "the sqlite rows are readable"]),
        (
            "opencode",
            "opencode/deja__opencode.built.db",
            1,
            ["inspect the sqlite fixture", "the sqlite rows are readable"],
        ),
    ],
)
def test_every_database_is_read(samples: Path, agent: str, name: str, sessions: int, said: list[str]) -> None:
    path = samples / name
    beside = sorted(path.parent.iterdir())
    result = whole(agent, path)
    assert [message.text for message in result.messages] == said
    assert all(message.time is not None and message.time.year == 2026 for message in result.messages)
    assert (len(result.parts), result.damaged, dict(result.unknown)) == (sessions, 0, {})
    assert all(part.header is not None and part.header.cwds for part in result.parts)
    assert detect(path) == agent
    assert sorted(path.parent.iterdir()) == beside


def test_the_files_of_an_old_opencode(samples: Path, tmp_path: Path) -> None:
    """The samples are a part of a tree: the session's own file is missing."""
    storage = tmp_path / "storage"
    shutil.copytree(samples / "opencode/layouts/jazzy/storage_v2", storage)
    path = storage / "session" / "proj" / "s_stage0_large.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"id": "s_stage0_large", "directory": "/tmp/large"}))
    result = whole("opencode", path)
    assert [(message.role, message.text) for message in result.messages] == [("user", "Step 1"), ("assistant", "Ok")]
    assert (result.damaged, dict(result.unknown)) == (0, {})
    drifted = samples / "opencode/layouts/jazzy/storage_legacy/session/proj_test/ses_s_stage0_drift.json"
    assert (whole("opencode", drifted).messages, READERS["opencode"].header(drifted)) == ((), None)
