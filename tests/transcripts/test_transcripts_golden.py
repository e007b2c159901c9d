"""Every oddity of the formats, one small file each: what is read must be what stands beside it."""

import dataclasses
import json
from pathlib import Path

import pytest

from sidecar.model import Message
from sidecar.transcripts import READERS, ReadResult, detect

DATA = Path(__file__).parent.parent / "data" / "transcripts"
EXPECTED = ".expected.json"
CASES = sorted(path for path in DATA.rglob(f"*{EXPECTED}"))


def shown(result: ReadResult) -> dict[str, object]:
    """A result as it stands in an expected file: only what differs from the usual."""
    found: dict[str, object] = {"messages": [message_shown(message) for message in result.messages]}
    for name in ("unknown", "damaged", "withdrawn", "complete", "more", "restarted"):
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


@pytest.mark.parametrize("expected", CASES, ids=lambda path: str(path.relative_to(DATA)).removesuffix(EXPECTED))
def test_oddity(expected: Path) -> None:
    source = expected.with_name(expected.name.removesuffix(EXPECTED))
    agent = source.relative_to(DATA).parts[0]
    found = shown(READERS[agent].read(source, None))
    assert found == json.loads(expected.read_text())


def test_every_file_has_its_expectation() -> None:
    files = {path for path in DATA.rglob("*") if path.is_file() and not path.name.endswith(EXPECTED)}
    assert files == {path.with_name(path.name.removesuffix(EXPECTED)) for path in CASES}
    assert len(files) > 30


@pytest.mark.parametrize("expected", CASES, ids=lambda path: str(path.relative_to(DATA)).removesuffix(EXPECTED))
def test_detected_by_content(expected: Path) -> None:
    source = expected.with_name(expected.name.removesuffix(EXPECTED))
    assert detect(source) == source.relative_to(DATA).parts[0]


@pytest.mark.parametrize("expected", CASES, ids=lambda path: str(path.relative_to(DATA)).removesuffix(EXPECTED))
def test_positions_only_grow_and_ids_are_single(expected: Path) -> None:
    source = expected.with_name(expected.name.removesuffix(EXPECTED))
    messages = READERS[source.relative_to(DATA).parts[0]].read(source, None).messages
    positions = [message.position for message in messages]
    assert positions == sorted(positions)
    assert len({message.id for message in messages}) == len(messages)
    for message in messages:
        message.text.encode()  # no lone surrogate
        assert "\0" not in message.text
