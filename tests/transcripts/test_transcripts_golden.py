"""Every oddity of the formats, one small file each: what is read must be what stands beside it."""

import dataclasses
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.model import Message
from sidecar.transcripts import READERS, ReadResult, detect

DATA = Path(__file__).parent.parent / "data" / "transcripts"
EXPECTED = ".expected.json"
CASES = sorted(path.relative_to(DATA) for path in DATA.rglob(f"*{EXPECTED}"))
BESIDE = ("history_item.json", "s1.json", "taskHistory.json", "workspace.yaml")
"""Files beside a transcript, in which readers look something up."""

WRITTEN = 1_780_315_200
"""The last write of every file, 2026-06-01: some formats have no times of their own."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The files, all written at one moment, on a machine whose clock shows UTC."""
    folder = tmp_path_factory.mktemp("golden") / "transcripts"
    shutil.copytree(DATA, folder)
    for path in folder.rglob("*"):
        os.utime(path, (WRITTEN, WRITTEN))
    zone = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    yield folder
    os.environ.pop("TZ")
    if zone is not None:
        os.environ["TZ"] = zone
    time.tzset()


def source_of(data: Path, expected: Path) -> Path:
    return data / expected.with_name(expected.name.removesuffix(EXPECTED))


def shown(result: ReadResult) -> dict[str, object]:
    """A result as it stands in an expected file: only what differs from the usual."""
    found: dict[str, object] = {"messages": [message_shown(message) for message in result.messages]}
    for name in ("unknown", "damaged", "withdrawn", "complete", "more", "restarted", "drifted"):
        value = getattr(result, name)
        if value:
            found[name] = list(value) if isinstance(value, tuple) else value
    header = result.header
    found["header"] = header and {
        key: value for key, value in plain(dataclasses.asdict(header)).items() if value and key not in ("path", "agent")
    }
    return found


def message_shown(message: Message) -> dict[str, object]:
    usual = Message(id="", agent="", session="", role="user", speaker="user", text="")
    given = plain(dataclasses.asdict(message))
    standard = plain(dataclasses.asdict(usual))
    always = ("id", "session", "role", "speaker", "text", "position")
    return {key: value for key, value in given.items() if key in always or (value != standard[key] and key != "agent")}


def plain(value: dict[str, object]) -> dict[str, object]:
    return json.loads(json.dumps(value, default=str))


def named(expected: Path) -> str:
    return str(expected).removesuffix(EXPECTED)


@pytest.mark.parametrize("expected", CASES, ids=named)
def test_oddity(data: Path, expected: Path) -> None:
    found = json.dumps(shown(READERS[expected.parts[0]].read(source_of(data, expected), None)))
    assert json.loads(found.replace(str(data), "{data}")) == json.loads((DATA / expected).read_text())


def test_every_file_has_its_expectation() -> None:
    files = {path for path in DATA.rglob("*") if path.is_file() and not path.name.endswith(EXPECTED)}
    assert {path for path in files if path.name not in BESIDE} == {source_of(DATA, expected) for expected in CASES}
    assert {expected.parts[0] for expected in CASES} == set(READERS)


@pytest.mark.parametrize("expected", CASES, ids=named)
def test_detected_by_content(data: Path, expected: Path) -> None:
    assert detect(source_of(data, expected)) == expected.parts[0]


@pytest.mark.parametrize("expected", CASES, ids=named)
def test_positions_only_grow_and_ids_are_single(data: Path, expected: Path) -> None:
    messages = READERS[expected.parts[0]].read(source_of(data, expected), None).messages
    positions = [message.position for message in messages]
    assert positions == sorted(positions)
    assert len({message.id for message in messages}) == len(messages)
    for message in messages:
        message.text.encode()  # no lone surrogate
        assert "\0" not in message.text


@pytest.mark.parametrize("expected", CASES, ids=named)
def test_header_alone_is_that_of_the_whole(data: Path, expected: Path) -> None:
    source = source_of(data, expected)
    reader = READERS[expected.parts[0]]
    assert reader.header(source) == reader.read(source, None).header
