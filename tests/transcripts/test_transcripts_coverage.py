"""No file of the samples is passed over: each is read by a test, or it is told why there is nothing to read in it."""

import fnmatch
from pathlib import Path

import pytest
from test_transcripts_samples import SAMPLES, files

from sidecar.errors import SidecarError
from sidecar.transcripts import READERS, detect

DATABASES = (
    "goose/deja__goose.built.db",
    "openclaw/layouts/deja_sqlite/openclaw-agent.sqlite",
    "opencode/*.db",
    "opencode/layouts/jazzy/storage_*/**",
)
"""Read in `test_transcripts_database_samples.py` and `test_transcripts_openclaw_store.py`."""

NO_TRANSCRIPTS = {
    "*.meta.json": "Claude Code's notes on a subagent; its words are in the JSONL beside",
    "*.sql": "the script from which a database of the samples was built",
    "cline/*.compaction.json": "a copy of messages that stand in the session's own file",
    "cline/*/taskHistory.json": "titles and folders of tasks, without a word that was said",
    "roo/*/history_item.json": "title and folder of a task, without a word that was said",
}
"""What lies beside transcripts, and why it is not read."""

OTHER_AGENTS = {
    "other/antigravity_jazzy/*": "Antigravity",
    "other/deepseek_deja/*": "DeepSeek Harness",
    "other/droid_jazzy/*": "Factory Droid",
    "other/dsh_vct/*": "DeepSeek Harness",
    "other/grok_*": "Grok Build",
    "other/hermes_*": "Hermes",
    "other/kimi_*": "Kimi Code",
    "other/qwenpaw_av/*": "QwenPaw",
}
"""Agents without a reader: no reader may guess at their files."""

GENERIC = ("other/gptme_av/*", "other/vibe_av/*")
"""Agents without a reader of their own whose files are messages of the usual form."""


@pytest.fixture
def samples(shared: Path) -> Path:
    return shared / "transcripts"


def named(samples: Path) -> list[str]:
    listed = (samples / "MANIFEST.tsv").read_text().splitlines()[1:]
    return [row.partition("\t")[0] for row in listed]


def matches(name: str, patterns: object) -> list[str]:
    return [pattern for pattern in patterns if fnmatch.fnmatch(name, pattern)]  # type: ignore[attr-defined]


def test_every_file_of_the_samples_is_read_or_told_why_not(samples: Path) -> None:
    read = {str(path.relative_to(samples)) for agent in SAMPLES for path in files(samples, agent)}
    names = named(samples)
    assert len(names) == 143
    beside = (*NO_TRANSCRIPTS, *OTHER_AGENTS)
    assert [name for name in names if name not in read and not matches(name, (*DATABASES, *beside, *GENERIC))] == []
    for pattern in (*DATABASES, *beside, *GENERIC):
        assert any(fnmatch.fnmatch(name, pattern) for name in names), pattern
    assert [name for name in read if matches(name, beside)] == []


def test_messages_of_agents_without_a_reader(samples: Path) -> None:
    for name in named(samples):
        if matches(name, GENERIC):
            assert detect(samples / name) == "messages", name
            result = READERS["messages"].read(samples / name, None)
            assert len(result.messages) >= 4, name
            assert (result.damaged, result.unknown) == (0, {}), name


def test_nothing_is_guessed_at(samples: Path) -> None:
    """What is no transcript of ours is left alone, and no reader fails on it but with an error of ours."""
    for name in named(samples):
        path = samples / name
        if not matches(name, (*NO_TRANSCRIPTS, *OTHER_AGENTS)):
            continue
        told = detect(path)
        if told is not None and name not in GUESSED:
            assert not READERS[told].read(path, None).messages, name
        for agent in sorted(READERS):
            try:
                READERS[agent].read(path, None)
            except SidecarError:
                continue


GUESSED = {
    "cline/cline__agentic.compaction.json": "messages, if a person names the file",
    "other/hermes_jazzy/schema_drift.json": "messages of the usual form, if a person names the file",
}
"""Files whose form is the generic one; no watched folder holds them."""
