"""Cleaning of text, cursors, and detection, in the small."""

import hashlib
import json
import pickle
from dataclasses import FrozenInstanceError, fields, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.model import Message
from sidecar.transcripts import READERS, Cursor, detect, unchanged
from sidecar.transcripts.base import CURSOR_FORMAT
from sidecar.transcripts.cutting import MOST, shortened
from sidecar.transcripts.parsing import MAX_GLUED, parsed
from sidecar.transcripts.text import IMAGE_MARK, Block, capped, clean, safe, without_injected
from sidecar.transcripts.values import digest, moment

OWN_HEAD = "Notes that sidecar kept from earlier sessions."

LOGGING = sorted(set(READERS) - {"goose", "opencode"})
"""Agents whose sessions are not in databases alone."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    "type uuid id sessionId message content role payload text name input arguments call_id output timestamp toolCalls "
    "args result status $set $rewindTo messages attachment subtype tool_use_id is_error origin kind git source cwd "
    "turn_id num_turns response functionResponse prompt model toolUseResult isSidechain parts data systemPayload "
    "displayText compressedHistory functionCall toolCallResult toolCallId toolRequests context summary summaryContent "
    "upToEventId eventIds parentUuid parentSession cwd branch ts modelInfo metadata mapping current_node chat_messages "
    "sender author tool_calls function sidecar_transcript withdraw tool speaker kind provenance".split()
)
WORDS = st.sampled_from(
    "user assistant system attachment text tool_use tool_result session_meta event_msg response_item user_message "
    "agent_message function_call function_call_output compacted turn_context gemini info queued_command "
    "exec_command_end mcp_tool_call_end thread_rolled_back compact_boundary success session toolResult bashExecution "
    "toolCall compaction branch_summary model_change session.start user.message assistant.message rewind "
    "tool.execution_start tool.execution_complete session.snapshot_rewind session.compaction_complete chat_compression "
    "tool human compaction_summary".split()
)
ANYTHING = st.recursive(
    JSON | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)


@pytest.mark.parametrize("agent", LOGGING)
@settings(max_examples=40, deadline=None)
@given(records=st.lists(st.dictionaries(KEYS, ANYTHING, max_size=8), max_size=4))
def test_any_type_may_stand_anywhere(
    agent: str, records: list[object], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("any")
    log, document = folder / "x.jsonl", folder / "x.json"
    log.write_bytes(b"".join(json.dumps(record).encode() + b"\n" for record in records))
    document.write_text(json.dumps({"session": records, "items": records, "messages": records}))
    for path in (log, document):
        for message in READERS[agent].read(path, None).messages:
            json.dumps([message.id, message.text, message.cwd], ensure_ascii=False).encode()
        READERS[agent].header(path)
        detect(path)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_line(line: bytes) -> None:
    records, damaged = parsed(line)
    assert damaged in (0, 1)
    assert all(isinstance(record, dict) for _, record in records)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a<system-reminder>b</system-reminder>c", "ac"),
        ("a<SYSTEM-REMINDER x='1'>\nb\n</system-reminder >c", "ac"),
        ("a<system-reminder>never closed", "a<system-reminder>never closed"),
        ("a<sidecar-context source='x'>never closed", "anever closed"),
        (f"a<sidecar-context kind='x'>\n{OWN_HEAD} It is\n- cut o", "a"),
        (f"a<sidecar-context>\n{OWN_HEAD}\n- cut o\n\nmine", "a\n\nmine"),
        (f"<sidecar-context> mine <sidecar-context>\n{OWN_HEAD}\n- b\n</sidecar-context> too", " mine  too"),
        (
            "the tag <system-reminder> is odd\n<system-reminder>b</system-reminder>",
            "the tag <system-reminder> is odd\n",
        ),
        ("a<sidecar-context>b</sidecar-context>c<sidecar-context>d</sidecar-context>e", "ace"),
        ("a<sidecar-contextual>b", "a<sidecar-contextual>b"),
        ("cut head</sidecar-context>kept", "cut headkept"),
        ("<hook_context>x</hook_context>y", "y"),
        ("<claude-mem-context>x</claude-mem-context><relevant-memories>x</relevant-memories>y", "y"),
        ("<\u017fystem-reminder>y</system-reminder>", "<\u017fystem-reminder>y</system-reminder>"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
    ],
)
def test_injected_blocks(text: str, left: str) -> None:
    assert without_injected(text) == left


def test_thousands_of_open_blocks_take_no_time() -> None:
    text = "<system-reminder>" * 50_000 + "<sidecar-context" * 50_000
    assert len(without_injected(text)) == len(text)


@given(st.text(st.characters(codec="utf-8") | st.characters(categories=["Cs"])))
def test_safe_text_is_utf8_and_changes_nothing_else(text: str) -> None:
    made = safe(text)
    made.encode()
    assert "\0" not in made
    if all(not 0xD800 <= ord(letter) <= 0xDFFF for letter in text) and "\0" not in text:
        assert made == text


@given(st.text(max_size=400), st.integers(8, 200))
def test_capped_keeps_both_ends_and_says_what_is_gone(text: str, limit: int) -> None:
    made = capped(text, limit)
    size = len(text.encode())
    if size <= limit:
        assert made == text
    else:
        head, _, rest = made.partition("\n[… ")
        number, _, tail = rest.partition(" bytes left out …]\n")
        assert text.startswith(head)
        assert text.endswith(tail)
        assert len(head.encode()) + int(number) + len(tail.encode()) == size


def test_block_found_and_looked_into() -> None:
    block = Block("task", "answer")
    text = "a<task>b</task>c<ANSWER x='1'>d</answer>e<task>open"
    assert block.inner(text) == ["b", "d"]
    assert block.removed(text) == "ace<task>open"


@pytest.mark.parametrize("size", [10_000, 3_000_000])
def test_picture_in_a_line_leaves_its_mark(size: int) -> None:
    """Long lines lose their pictures before they are parsed, short ones after."""
    picture = "QUJD" * (size // 4)
    said = f"see data:image/png;base64,{picture} and {picture}"
    ((_, record),), damaged = parsed(json.dumps({"text": said, "n": "a\nQUJD"}).encode())
    assert damaged == 0
    assert clean(str(record["text"])) == f"see {IMAGE_MARK} and [base64, {size} characters]"
    assert record["n"] == "a\nQUJD"


def test_picture_after_an_escape_does_not_break_the_line() -> None:
    picture = "QUJD" * 800_000
    for escape in ("\\n", "\\u0041", '\\"', "\\\\"):
        ((_, record),), damaged = parsed(f'{{"text":"{escape}{picture}"}}'.encode())
        assert damaged == 0
        assert len(clean(str(record["text"]))) < 100


def test_of_a_text_of_megabytes_head_and_tail_are_taken() -> None:
    ((_, record),), damaged = parsed(json.dumps({"text": "first " + "so long " * 2_000_000 + "last", "b": 1}).encode())
    words = record["text"]
    assert isinstance(words, str)
    assert (words[:6], words[-4:], record["b"], damaged) == ("first ", "last", 1, 0)
    assert "bytes left out" in words
    assert MOST * 0.9 < len(words) < MOST


@pytest.mark.parametrize("blank", [" ", "\n", " \\n"])
def test_no_word_is_cut_in_two(blank: str) -> None:
    """Half of a secret would be known to no pattern, and stay."""
    secret = "ghp_0123456789abcdefghijklmnopqrstuvwxyz"
    for shift in range(0, 40, 7):
        content = "x" * shift + blank + (secret + blank) * 110_000
        ((_, record),), damaged = parsed(json.dumps({"text": content}).encode())
        head, mark, tail = str(record["text"]).partition("\n[... ")
        assert (bool(mark), damaged) == (True, 0)
        assert set(f"{head}{blank}{tail.partition('...]')[2]}".split(blank)) <= {secret, "x" * shift, "", "\n"}
        line = shortened((content.replace("\n", " ") + "\N{GRINNING FACE}").encode()).decode()
        assert {word for word in line.replace("\\n", " ").split() if len(word) > 7} <= {secret, "x" * shift}


def test_a_string_without_an_end_is_no_hang() -> None:
    assert parsed(b'{"text":"' + b'\\"' * 3_000_000 + b"\n") == ([], 1)


@given(
    st.lists(
        st.sampled_from(["a", " ", "\n", "\\", '"', "\N{GRINNING FACE}", "\ud83d", "\ude00", "é", "\\u12", "\t", "n"]),
        min_size=1,
        max_size=12,
    ),
    st.integers(0, 40),
    st.booleans(),
)
@settings(deadline=None, max_examples=10)
def test_whatever_is_cut_stays_json_with_its_head_and_tail(parts: list[str], shift: int, escaped: bool) -> None:
    unit = "".join(parts) + "."  # or it were a picture
    words = "x" * shift + unit * (MOST * 2 // len(unit.encode("utf-8", "replace")))
    line = json.dumps({"text": words, "b": 1}, ensure_ascii=escaped).encode("utf-8", "replace")
    whole = json.loads(line)["text"]
    ((_, record),), damaged = parsed(line)
    head, mark, tail = str(record["text"]).partition("\n[... ")
    assert (record["b"], damaged) == (1, 0)
    if not mark:
        assert head == whole
    else:
        assert whole.startswith(head)
        assert whole.endswith(tail.partition(" bytes left out ...]\n")[2])


def test_of_many_megabytes_that_are_no_long_texts_nothing_is_taken() -> None:
    assert parsed(json.dumps({"text": ["so long " * 100] * 10_000}).encode()) == ([], 1)


def test_row_of_objects_ends_somewhere() -> None:
    records, damaged = parsed(b'{"type":"a row of objects"}' * 20_000)
    assert (len(records), damaged) == (MAX_GLUED, 1)
    records, damaged = parsed(b"{}" * 100_000)
    assert (len(records), damaged) == (1, 1)


def test_hashes_and_keys_are_no_pictures() -> None:
    kept = "sha512-" + "a1B2" * 22 + " and /a/long/path/" + "folder/" * 20
    assert clean(kept) == kept


NOW = datetime(2025, 9, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize("value", [NOW.timestamp(), NOW.timestamp() * 1000, "2025-09-03T14:00:00+02:00", "1756900800"])
def test_moment(value: object) -> None:
    assert moment(value, NOW) == NOW


@pytest.mark.parametrize("value", [None, "", "soon", True, [], {}, -1, 0, 1e300, float("nan"), "2025-09-04T12:00:01Z"])
def test_absurd_moment(value: object) -> None:
    assert moment(value, NOW) is None


def test_cursor_survives_json_and_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"type":"user","message":{"content":"Rye."}}\n')
    cursor = READERS["claude-code"].read(path, None).cursor
    text = cursor.to_json()
    assert Cursor.from_json(text) == cursor
    assert f'"format":{CURSOR_FORMAT}' in text
    for bad in (
        "",
        "[]",
        "null",
        "{}",
        text.replace('"format":1', '"format":2'),
        text.replace('"offset":', '"other":'),
    ):
        assert Cursor.from_json(bad) is None
    assert unchanged(path, cursor)
    with path.open("a") as file:
        file.write("x")
    assert not unchanged(path, cursor)
    path.unlink()
    assert not unchanged(path, cursor)


@pytest.mark.parametrize(
    ("content", "agent"),
    [
        ('{"uuid":"1","sessionId":"s","message":{"parts":[{"text":"Qwen"}]}}\n', "qwen"),
        ('{"type":"session","version":3,"id":"x","timestamp":"t","cwd":"/x"}\n', "pi"),
        ('{"type":"session","version":0,"id":"x","createdAt":1,"cwd":"/x"}\n', None),  # another agent's
        ('{"type":"session.start","data":{}}\n', "copilot-cli"),
        ('{"role":"user","message":{"content":[]}}\n', "cursor"),
        ('{"role":"user","content":"generic"}\n', "messages"),
        ('{"messages":[{"role":"user","content":"generic"}]}', "messages"),
        ('[\n {\n  "role": "user",\n  "content": "generic"\n }\n]', "messages"),
        ('{"a":1}\n{"b":1}\n{"c":1}\n{"role":"user","content":"too late"}\n', None),
        ('{"sidecar_transcript":1}\n', "native"),
        ("# aider chat started at 2025-01-01 09:00:00\n", "aider"),
        ("user:\nRye.\n", "cursor"),
        ("## User\nRye.\n## Assistant\nRye.\n", "markdown"),
        ("## User\nthe table of users\n", None),
        ("plain words", None),
        ("", None),
        ('\n\nbroken\n{"type":"summary","summary":"A title","leafUuid":"x"}\n', "claude-code"),
        ('{"type":"session_meta","payload":{}}\n', "codex"),
        ('{"sessionId":"s","projectHash":"h","messages":[]}', "gemini"),
    ],
)
def test_detect(content: str, agent: str | None, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text(content)
    assert detect(path) == agent


def test_detect_of_what_cannot_be_read(tmp_path: Path) -> None:
    assert detect(tmp_path / "gone") is None
    assert detect(tmp_path) is None


def test_a_reader_s_message_is_as_any_other(tmp_path: Path) -> None:
    """Readers make messages of drafts, which can be written to; what they hand out cannot."""
    path = tmp_path / "s.jsonl"
    path.write_text('{"role":"user","text":"Bake the loaf for forty minutes."}\n')
    (message,) = READERS["native"].read(path, None).messages
    told = {one.name: getattr(message, one.name) for one in fields(Message)}
    assert type(message) is Message
    assert (message, hash(message)) == (Message(**told), hash(Message(**told)))
    assert pickle.loads(pickle.dumps(message)) == message == replace(message)
    with pytest.raises(FrozenInstanceError):
        message.text = "else"  # type: ignore[misc]


@pytest.mark.parametrize("words", ["x" * 70_000, "\N{GRINNING FACE}\n\ud83d" * 40_000])
def test_the_digest_of_a_long_text_is_that_of_its_json(words: str) -> None:
    value = [3, words, {"b": [words, None, {}], "a": 1.5}]
    packed = json.dumps(value, sort_keys=True)
    assert digest(*value) == hashlib.sha256(packed.encode()).hexdigest()[:16]
