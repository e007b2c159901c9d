"""Every oddity of databases, as scripts that build them: what is read must be what stands beside each."""

import dataclasses
import json
import re
import sqlite3
from pathlib import Path

import pytest

from sidecar.model import Message
from sidecar.transcripts import READERS, ManySessions, Part, ReadResult, detect, headers_in

DATA = Path(__file__).parent.parent / "data" / "databases"
CASES = sorted(DATA.rglob("*.sql"))
USUAL = Message(id="", agent="", session="", role="user", speaker="user", text="")


def built(script: Path, folder: Path) -> Path:
    path = folder / "built.db"
    connection = sqlite3.connect(path)
    connection.executescript(f"BEGIN; {script.read_text()} COMMIT;")
    connection.close()
    return path


def shown(result: ReadResult) -> dict[str, object]:
    """A result as it stands in an expected file: only what differs from the usual."""
    found: dict[str, object] = {"parts": [part_shown(part) for part in result.parts]}
    return found | {name: getattr(result, name) for name in ("unknown", "damaged") if getattr(result, name)}


def part_shown(part: Part) -> dict[str, object]:
    assert part.header is not None
    header = {key: value for key, value in dataclasses.asdict(part.header).items() if value and key != "path"}
    found: dict[str, object] = {"header": header, "messages": [message_shown(message) for message in part.messages]}
    return found | ({"withdrawn": part.withdrawn} if part.withdrawn else {})


def message_shown(message: Message) -> dict[str, object]:
    always = ("id", "role", "speaker", "text", "position")
    usual = dataclasses.asdict(USUAL)
    given = dataclasses.asdict(message)
    return {
        key: value
        for key, value in given.items()
        if key in always or (value != usual[key] and key not in ("agent", "session"))
    }


def plain(value: object) -> object:
    return json.loads(json.dumps(value, default=str))


def name_of(script: Path) -> str:
    return str(script.relative_to(DATA).with_suffix(""))


@pytest.mark.parametrize("script", CASES, ids=name_of)
def test_oddity(script: Path, tmp_path: Path) -> None:
    agent = script.parent.name
    result = READERS[agent].read(built(script, tmp_path), None)
    assert plain(shown(result)) == json.loads(script.with_suffix(".expected.json").read_text())
    assert [part.name for part in tmp_path.iterdir()] == ["built.db"]


@pytest.mark.parametrize("script", CASES, ids=name_of)
def test_parts_hold_together(script: Path, tmp_path: Path) -> None:
    agent, path = script.parent.name, built(script, tmp_path)
    result = READERS[agent].read(path, None)
    assert detect(path) == agent
    assert result.messages == tuple(message for part in result.parts for message in part.messages)
    for part in result.parts:
        assert part.header is not None
        assert {message.session for message in part.messages} <= {part.header.session}
        assert len({message.id for message in part.messages}) == len(part.messages)
        positions = [message.position for message in part.messages]
        assert positions == sorted(set(positions))
        for message in part.messages:
            assert "\0" not in message.text
            message.text.encode()
    known = {header.session: header for header in headers_in(READERS[agent], path)}
    told = [part.header for part in result.parts if part.header is not None and part.header.started is not None]
    assert told == [known[header.session] for header in told]
    newest = READERS[agent].header(path)
    assert newest is not None
    assert newest.last_record == max(header.last_record for header in known.values() if header.last_record)


@pytest.mark.parametrize("limit", [1, 300, 5000])
@pytest.mark.parametrize("script", CASES, ids=name_of)
def test_small_pieces_give_the_same(script: Path, limit: int, tmp_path: Path) -> None:
    reader, path = READERS[script.parent.name], built(script, tmp_path)
    archive: dict[tuple[str, str], Message] = {}
    cursor, more = None, True
    while more:
        result = reader.read(path, cursor, limit_bytes=limit)
        archive.update({(message.session, message.id): message for message in result.messages})
        cursor, more = result.cursor, result.more
    assert cursor is not None
    whole = reader.read(path, None)
    assert set(archive.values()) == set(whole.messages)
    again = reader.read(path, cursor)
    assert (again.messages, again.parts, again.restarted) == ((), (), False)


@pytest.mark.parametrize("agent", sorted({script.parent.name for script in CASES}))
def test_tables_of_another_program_are_refused(agent: str, tmp_path: Path) -> None:
    other = next(script for script in CASES if script.parent.name != agent)
    reader = READERS[agent]
    assert isinstance(reader, ManySessions)
    assert detect(built(other, tmp_path)) == other.parent.name


@pytest.mark.parametrize(
    ("agent", "script", "call", "emptied"),
    [
        (
            "cursor",
            "cursor/conversations.sql",
            r'"toolFormerData":\{"toolCallId":"call_1".*?\}\'\)',
            '"toolFormerData":{"status":"completed"}}\')',
        ),
        (
            "opencode",
            "opencode/messages_with_parts.sql",
            r'"tool":"bash","callID":"call_1",.*?\}\'\)',
            '"state":{"status":"completed"}}\')',
        ),
    ],
    ids=["cursor", "opencode"],
)
def test_a_call_of_which_nothing_is_told_is_no_message(
    agent: str, script: str, call: str, emptied: str, tmp_path: Path
) -> None:
    changed, times = re.subn(call, emptied, (DATA / script).read_text(), count=1)
    assert times == 1
    (tmp_path / "emptied.sql").write_text(changed)
    before = READERS[agent].read(built(DATA / script, tmp_path), None).messages
    (tmp_path / "built.db").unlink()
    after = READERS[agent].read(built(tmp_path / "emptied.sql", tmp_path), None).messages
    assert len(after) == len(before) - 1
    assert all(message.text for message in after)
