"""Real transcripts of many versions, where the samples lie beside the checkout."""

import json
import os
import tempfile
from pathlib import Path

import pytest
from following import WRITTEN, at_once, followed, in_order
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.model import Message
from sidecar.transcripts import READERS, ReadResult, detect

HUMAN_PROMPTS = {
    "claude-code/ccl__0d3a8e6f-290f-4105-a327-a2496e5e2a83.jsonl": 4,
    "claude-code/ccl__37f83ec9-f2ea-42a9-925e-0d5c105cb6e8.jsonl": 6,
    "claude-code/ccl__9e953218-585f-4692-89df-9e0747a31c68.jsonl": 11,
    "claude-code/entire__8ea9e4a4e751_0.jsonl": 13,
    "claude-code/entire__f449058a5889_0.jsonl": 4,
    "claude-code/omp__aaea9e259de0_0.jsonl": 8,
    "codex/agentv__796eaddfe2f9_0.jsonl": 9,
    "codex/agentv__8d1ecb6dc628_0.jsonl": 5,
    "codex/vct__codex.jsonl": 1,
    "copilot-cli/agentv__b45ebb0fe0c0_0.jsonl": 3,
    "gemini/entire__12cbfeaa512b_0.json": 2,
    "pi/pi__large-session.jsonl": 88,
}
"""How often a person speaks in samples of real sessions, counted by hand."""

SAMPLES = {
    "claude-code": ("claude-code", (".jsonl",), 10),
    "cline": ("cline", (".messages.json",), 2),
    "codex": ("codex", (".jsonl", ".json"), 10),
    "copilot-cli": ("copilot-cli", (".jsonl",), 5),
    "cursor": ("cursor", (".jsonl",), 3),
    "gemini": ("gemini", (".jsonl", ".json"), 10),
    "markdown": ("generic", (".md",), 4),
    "messages": ("generic", (".json",), 2),
    "openclaw": ("openclaw", (".jsonl",), 2),
    "pi": ("pi", (".jsonl",), 3),
    "qwen": ("qwen", (".jsonl",), 3),
}
"""By agent: the folder of its samples, how their names end, and how many there are at least."""

DAMAGED = {"av__session.jsonl": 1}
"""Samples with lines that cannot be read, as their makers wanted it."""

GROWTH_SERIES = (
    ("claude-code/omp__7a942d8be57c_0.jsonl", "claude-code/omp__aaea9e259de0_0.jsonl"),
    ("codex/agentv__1f4427577930_2.jsonl", "codex/agentv__796eaddfe2f9_0.jsonl"),
)
"""Snapshots of one session file at two moments."""

NEVER = ("<system-reminder>", "<sidecar-context", "<environment_context>", "# AGENTS.md instructions for")


@pytest.fixture
def samples(shared: Path) -> Path:
    return shared / "transcripts"


def files(samples: Path, agent: str) -> list[Path]:
    folder, endings, least = SAMPLES[agent]
    found = [
        path for path in (samples / folder).rglob("*") if path.name.endswith(endings) and ".meta." not in path.name
    ]
    assert len(found) >= least
    return sorted(found)


def whole(agent: str, path: Path) -> ReadResult:
    return READERS[agent].read(path, None, limit_bytes=1 << 40)


def people(messages: tuple[Message, ...]) -> list[str]:
    return [message.text for message in messages if message.speaker == "user"]


@pytest.mark.parametrize("agent", sorted(SAMPLES))
def test_every_sample_is_read(samples: Path, agent: str) -> None:
    for path in files(samples, agent):
        result = whole(agent, path)
        header = READERS[agent].header(path)
        assert result.damaged == DAMAGED.get(path.name, 0), path
        assert (header is None) == (not result.messages), path
        assert [m.position for m in result.messages] == sorted(m.position for m in result.messages), path
        for message in result.messages:
            assert message.id, path
            assert message.text.encode(), path
            assert message.time is None or message.time.year >= 2024, path
            if message.role != "tool":
                assert not any(mark in message.text for mark in NEVER), path
        if message_total := len(result.messages):
            assert message_total <= 2000, path
            assert detect(path) in (agent, None, "messages") or agent == "openclaw", path


@pytest.mark.parametrize("agent", sorted(SAMPLES))
def test_every_sample_in_small_steps_is_the_same(samples: Path, agent: str) -> None:
    for path in files(samples, agent):
        cursor, messages, more = None, [], True
        while more:
            result = READERS[agent].read(path, cursor, limit_bytes=100_000)
            if result.complete:
                messages.clear()
            messages.extend(result.messages)
            cursor, more = result.cursor, result.more
        assert tuple(messages) == whole(agent, path).messages, path


@pytest.mark.parametrize(("name", "number"), sorted(HUMAN_PROMPTS.items()))
def test_people_are_told_from_machines(samples: Path, name: str, number: int) -> None:
    agent = name.partition("/")[0]
    assert len(people(whole(agent, samples / name).messages)) == number


def stages(data: bytes, name: str, cuts: list[float]) -> list[bytes]:
    """What a file held at some moments, as shares of its growth; what is no line was rewritten as a whole."""
    if not name.endswith(".json"):
        return [data[: int(cut * len(data))] for cut in cuts]
    content = json.loads(data)
    messages = content if isinstance(content, list) else content.get("messages", content.get("items", []))
    held = [messages[: int(cut * len(messages))] for cut in cuts]
    if isinstance(content, list):
        return [json.dumps(some).encode() for some in held]
    key = "items" if "items" in content else "messages"
    return [json.dumps(content | {key: some}).encode() for some in held]


def check_growth(agent: str, path: Path, moments: list[bytes]) -> None:
    """Read at every moment, in pieces, what is there; at the end it is what one read of the end gives."""
    archive: dict[str, Message] = {}
    cursor, before = None, b""
    path.touch()
    for content in moments:
        if content.startswith(before):
            with path.open("ab") as file:
                file.write(content[len(before) :])
        else:
            fresh = path.with_name("fresh")
            fresh.write_bytes(content)
            fresh.replace(path)
        os.utime(path, WRITTEN)
        cursor, before = followed(READERS[agent], path, cursor, archive, 300_000), content
    assert in_order(archive) == at_once(READERS[agent], path)


@pytest.mark.parametrize(("early", "late"), GROWTH_SERIES)
def test_growth_of_a_real_session_at_any_byte_equals_one_read(samples: Path, early: str, late: str) -> None:
    """From one snapshot to the next, cut anywhere on the way."""
    before, data = (samples / early).stat().st_size, (samples / late).read_bytes()

    @settings(max_examples=6, deadline=None)
    @given(cuts=st.lists(st.integers(0, len(data)), max_size=6))
    def grown(cuts: list[int]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            moments = [data[:end] for end in sorted({*cuts, before, len(data)})]
            check_growth(late.partition("/")[0], Path(folder, Path(late).name), moments)

    grown()


@pytest.mark.parametrize("agent", sorted(SAMPLES))
def test_any_sample_that_grows_equals_one_read(samples: Path, agent: str) -> None:
    found = [path for path in files(samples, agent) if path.stat().st_size < 1_300_000]

    @settings(max_examples=10, deadline=None)
    @given(source=st.sampled_from(found), cuts=st.lists(st.floats(0, 1), max_size=5))
    def grown(source: Path, cuts: list[float]) -> None:
        data = source.read_bytes()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, *source.relative_to(samples).parts)
            path.parent.mkdir(parents=True)
            check_growth(agent, path, [*stages(data, source.name, sorted(cuts)), data])

    grown()


def test_every_series_of_the_samples_is_one_of_ours(samples: Path) -> None:
    listed = (samples / "MANIFEST.tsv").read_text().splitlines()
    told = {row.partition("\t")[0] for row in listed if "growth series" in row or " growth 1/" in row}
    alone = {"copilot-cli/agentv__b45ebb0fe0c0_0.jsonl"}  # the other member of its series is not among the samples
    assert told == {name for series in GROWTH_SERIES for name in series} | alone


@pytest.mark.parametrize(("early", "late"), GROWTH_SERIES)
def test_snapshots_of_one_session_agree(samples: Path, early: str, late: str) -> None:
    agent = early.partition("/")[0]
    before, after = (whole(agent, samples / name).messages for name in (early, late))
    assert len(before) < len(after)
    assert [(m.id, m.text) for m in after[: len(before)]] == [(m.id, m.text) for m in before]


def test_compaction_of_a_real_session_is_a_summary(samples: Path) -> None:
    messages = whole("claude-code", samples / "claude-code/entire__8ea9e4a4e751_0.jsonl").messages
    (summary,) = [message for message in messages if message.kind == "summary"]
    assert summary.speaker == "assistant"
    assert summary.text.startswith("Analysis:")
    assert "continue the conversation" not in summary.text[-300:]


def test_unknown_types_are_counted(samples: Path) -> None:
    result = whole("codex", samples / "codex/jazzy__codex_052_raw.jsonl")
    assert result.unknown == {"event_msg/codex/event/raw_item": 3, "event_msg/turn.completed": 2}


def test_a_subagents_file_belongs_to_its_session(samples: Path) -> None:
    for path in (samples / "claude-code/layouts").rglob("agent-*.jsonl"):
        messages = whole("claude-code", path).messages
        assert messages
        assert all(message.sidechain for message in messages)
        assert not people(messages)
        if "subagents" in path.parts:
            assert {message.session for message in messages} == {path.parent.parent.name}
