"""Adversarial rounds over the real store: whatever a model answers, no statement is lost, no current one hidden."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from learning_kit import START, WEB, Desk, candidate

from sidecar.curate.sameness import contained
from sidecar.extract import Slice
from sidecar.extract.words import tools
from sidecar.identity import memory_id
from sidecar.model import Candidate, Memory, MemoryType, Message, SessionRef, Status

STATEMENTS = st.sampled_from([
    "The API listens on port 4310.",
    "The API is served on port 4400.",
    "the api moved to 4480, not 4400",
    "it's on 4480 now",
    "The web workspace uses yarn.",
    "The web workspace uses pnpm instead of yarn.",
    "use pnpm, never npm",
    "Use npm, never pnpm.",
    "Tickets go out through Mailgun.",
    "The tickets are now sent through Brevo.",
    "The demo is on 12 March.",
    "The demo has moved to 19 March.",
    "Deploy on Fridays.",
    "Never deploy on Fridays.",
    "Production was down for 45 minutes.",
])  # fmt: skip
KEYS = st.sampled_from([None, None, "api/port", "deploys"])
VERDICTS = st.lists(st.sampled_from(["same", "changed", "different", None]), min_size=12, max_size=12)
KINDS = st.sampled_from([MemoryType.FACT, MemoryType.FACT, MemoryType.INSTRUCTION, MemoryType.EVENT])


class Rounds(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.desk = Desk(self.folder)
        self.desk.learning.profile(WEB)
        self.taken: list[Candidate] = []
        self.seen: set[str] = set()

    def teardown(self) -> None:
        before = self.desk.files()
        self.desk.follow.catch_up()
        assert self.desk.files() == before, "nothing was left to settle"
        self.desk.close()
        shutil.rmtree(self.folder)

    @rule(
        text=STATEMENTS,
        minutes=st.integers(0, 30),
        speaker=st.sampled_from(["user", "assistant"]),
        key=KEYS,
        kind=KINDS,
        extractor=st.sampled_from(["rules-1", "ollama/small prompt-1"]),
        message=st.integers(0, 30),
        verdicts=VERDICTS,
    )
    def take(self, text, minutes, speaker, key, kind, extractor, message, verdicts) -> None:
        told = candidate(
            text,
            minutes=minutes,
            speaker=speaker,
            key=key if kind is not MemoryType.EVENT else None,
            kind=kind,
            extractor=extractor,
            messages=(f"m{message}",),
        )
        known = [stored.memory.id for stored in self.desk.memories()]
        judged = {identifier: v for identifier, v in zip(known, verdicts, strict=False) if v is not None}
        self.desk.learning.take(told, WEB, judged)
        self.taken.append(told)

    @rule(messages=st.lists(st.integers(0, 30), min_size=1, max_size=8))
    def replace(self, messages) -> None:
        said = tuple(Message(f"m{one}", "claude-code", "s1", "user", "user", "…", START) for one in messages)
        self.desk.learning.replace_rules(Slice(SessionRef("claude-code", "s1"), said), WEB)

    @invariant()
    def no_file_is_gone(self) -> None:
        now = {stored.memory.id for stored in self.desk.memories()}
        assert self.seen <= now
        self.seen = now

    @invariant()
    def every_statement_stands_in_a_file_of_its_message(self) -> None:
        memories = [stored.memory for stored in self.desk.memories()]
        for told in self.taken:
            names = frozenset(tools(told.content))
            own = memory_id(told.type, told.content, told.observed)
            assert any(
                memory.id == own
                or (
                    {*told.source.messages} <= {*memory.source.messages}
                    and contained(told.content, memory.content, names)
                )
                or memory.id == memory_id(memory.type, told.content, memory.observed)
                or told.content in memory.content  # quoted
                for memory in memories
            ), told.content

    @invariant()
    def of_each_key_exactly_the_strongest_is_active(self) -> None:
        by_key: dict[str, list] = {}
        for stored in self.desk.memories():
            if stored.memory.key is not None and stored.memory.type is not MemoryType.EVENT:
                by_key.setdefault(stored.memory.key, []).append(stored.memory)
        for versions in by_key.values():
            active = [memory for memory in versions if memory.status is Status.ACTIVE]
            in_force = [memory for memory in versions if self._end(memory) in active]
            assert len(active) <= 1
            assert active == [max(in_force, key=lambda memory: memory.rank)] if active else not in_force

    @invariant()
    def whatever_is_superseded_leads_to_something_that_holds(self) -> None:
        for stored in self.desk.memories():
            assert self._end(stored.memory).status is Status.ACTIVE

    def _end(self, memory: Memory) -> Memory:
        """What a memory was superseded by in the end."""
        memories = {stored.memory.id: stored.memory for stored in self.desk.memories()}
        for _ in memories:
            if memory.status is not Status.SUPERSEDED:
                break
            memory = memories[memory.superseded_by]
        return memory

    @invariant()
    def nobody_is_superseded_by_a_weaker_word(self) -> None:
        memories = {stored.memory.id: stored.memory for stored in self.desk.memories()}
        for memory in memories.values():
            if memory.status is Status.SUPERSEDED:
                assert memory.superseded_by is not None
                later = memories[memory.superseded_by]
                assert (later.human, later.effective) >= (memory.human, memory.effective)


TestRounds = Rounds.TestCase
TestRounds.settings = settings(
    max_examples=10, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
