"""Curation on values: supersession, duplicates, human words, tombstones, and the same end in any order."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.curate import Neighbour, View, concrete_values, plan, same_statement, settle
from sidecar.identity import memory_id
from sidecar.model import (
    Add,
    Candidate,
    Change,
    Memory,
    MemoryType,
    ProfileRef,
    Revise,
    Skip,
    Source,
    Speaker,
    Status,
    Stored,
    Supersede,
)

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
START = datetime(2026, 9, 1, 9, tzinfo=UTC)
PROFILE = ProfileRef("local", "web")


def candidate(
    content: str,
    *,
    minutes: int = 0,
    key: str | None = "api/port",
    speaker: Speaker = "user",
    message: str = "m1",
    kind: MemoryType = MemoryType.FACT,
    replaces: tuple[str, ...] = (),
    occurred: str | None = None,
) -> Candidate:
    source = Source("transcript", "claude-code", "s1", speaker, (message,), "ines@laptop")
    observed = START + timedelta(minutes=minutes)
    return Candidate(kind, content, content[:60], observed, source, key=key, replaces_hint=replaces, occurred=occurred)


class Shelf:
    """What a store does with changes, as far as curation can tell: a dictionary of memories."""

    def __init__(self) -> None:
        self.memories: dict[str, Memory] = {}
        self.dismissed: dict[str, tuple[str, ...]] = {}

    def stored(self, memory: Memory) -> Stored:
        return Stored(memory, PROFILE, f"facts/{memory.id}.md", memory.id)

    def view(self, incoming: Candidate) -> View:
        same = self.memories.get(memory_id(incoming.type, incoming.content, incoming.observed))
        versions = tuple(self.stored(m) for m in self.memories.values() if incoming.key and m.key == incoming.key)
        active = [m for m in self.memories.values() if m.status is Status.ACTIVE]
        neighbours = tuple(Neighbour(self.stored(m), 0.5, self.dismissed.get(m.content, ())) for m in active)
        return View(NOW, self.stored(same) if same else None, versions, neighbours)

    def apply(self, changes: list[Change]) -> None:
        for change in changes:
            match change:
                case Add(memory):
                    self.memories[memory.id] = memory
                case Revise(target, fields):
                    self.memories[target.memory.id] = self.memories[target.memory.id].replace(**fields)
                case Supersede(target, by, valid_until, _, fields):
                    old = self.memories[target.memory.id].replace(**fields)
                    self.memories[old.id] = old.replace(
                        status=Status.SUPERSEDED, superseded_by=by, valid_until=valid_until
                    )
                case Skip():
                    pass

    def take(self, incoming: Candidate) -> list[Change]:
        self.dismissed[incoming.content] = incoming.replaces_hint
        changes = plan(incoming, self.view(incoming))
        self.apply(changes)
        return changes

    def active(self) -> list[str]:
        return sorted(m.content for m in self.memories.values() if m.status is Status.ACTIVE)


def test_a_new_statement_is_added() -> None:
    shelf = Shelf()
    changes = shelf.take(candidate("The API listens on port 4310."))
    assert [type(change) for change in changes] == [Add]
    assert shelf.active() == ["The API listens on port 4310."]


def test_a_newer_value_of_a_key_supersedes_the_older_one() -> None:
    shelf = Shelf()
    shelf.take(candidate("The API listens on port 4310."))
    changes = shelf.take(candidate("The API listens on port 4400.", minutes=5, message="m2"))
    assert [type(change) for change in changes] == [Add, Supersede]
    assert shelf.active() == ["The API listens on port 4400."]
    old = next(m for m in shelf.memories.values() if m.status is Status.SUPERSEDED)
    new = next(m for m in shelf.memories.values() if m.status is Status.ACTIVE)
    assert (old.superseded_by, new.supersedes) == (new.id, old.id)
    assert old.valid_until == START + timedelta(minutes=5)


def test_an_older_value_that_arrives_late_goes_behind_the_newer_one() -> None:
    shelf = Shelf()
    shelf.take(candidate("The API listens on port 4400.", minutes=5))
    shelf.take(candidate("The API listens on port 4310.", message="m2"))
    assert shelf.active() == ["The API listens on port 4400."]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_the_chain_of_versions_is_the_same_in_any_order_of_arrival(order: tuple[int, ...]) -> None:
    values = ["4310", "4400", "4480", "4500"]
    versions = [
        candidate(f"The API listens on port {value}.", minutes=5 * index, message=f"m{index}")
        for index, value in enumerate(values)
    ]
    reference, shuffled = Shelf(), Shelf()
    for version in versions:
        reference.take(version)
    for index in order:
        shuffled.take(versions[index])
    assert shuffled.memories == reference.memories


def test_planning_again_after_an_interruption_completes_the_plan() -> None:
    shelf = Shelf()
    shelf.take(candidate("The API listens on port 4310."))
    newer = candidate("The API listens on port 4400.", minutes=5, message="m2")
    whole = Shelf()
    whole.memories = dict(shelf.memories)
    whole.take(newer)
    shelf.apply(plan(newer, shelf.view(newer))[:1])  # the new file was written, then the process died
    assert len(shelf.active()) == 2
    shelf.take(newer)
    assert shelf.memories == whole.memories


def test_taking_the_same_statement_again_changes_nothing() -> None:
    shelf = Shelf()
    shelf.take(candidate("The API listens on port 4310."))
    before = dict(shelf.memories)
    assert isinstance(shelf.take(candidate("The API listens on port 4310."))[0], Skip)
    assert shelf.memories == before


def test_the_same_words_at_another_time_add_their_source_only() -> None:
    shelf = Shelf()
    shelf.take(candidate("Use pnpm in the web workspace, never npm.", key=None))
    changes = shelf.take(candidate("use pnpm in the web  workspace, never npm", key=None, minutes=9, message="m9"))
    assert [type(change) for change in changes] == [Revise]
    (memory,) = shelf.memories.values()
    assert memory.source.messages == ("m1", "m9")


def test_the_same_claim_a_hundred_times_is_one_file() -> None:
    shelf = Shelf()
    for index in range(100):
        shelf.take(candidate("The user prefers Vim.", key=None, minutes=index, message=f"m{index}"))
    assert len(shelf.memories) == 1


def test_an_assistants_later_word_does_not_supersede_a_persons() -> None:
    shelf = Shelf()
    shelf.take(candidate("The API listens on port 4310."))
    shelf.take(candidate("The API listens on port 9999.", minutes=60, speaker="assistant", message="m2"))
    assert shelf.active() == ["The API listens on port 4310."]
    claim = next(m for m in shelf.memories.values() if m.status is Status.SUPERSEDED)
    assert claim.valid_until == claim.observed


def test_a_persons_word_supersedes_an_assistants_even_when_older() -> None:
    shelf = Shelf()
    shelf.take(candidate("The API listens on port 9999.", minutes=60, speaker="assistant"))
    shelf.take(candidate("The API listens on port 4310.", message="m2"))
    assert shelf.active() == ["The API listens on port 4310."]


def test_a_confirmation_by_the_person_makes_the_claim_human() -> None:
    shelf = Shelf()
    shelf.take(candidate("The flaky test depends on the time zone.", key=None, speaker="assistant"))
    shelf.take(candidate("The flaky test depends on the time zone", key=None, minutes=2, message="m2"))
    (memory,) = shelf.memories.values()
    assert memory.human


def test_a_forgotten_statement_stays_out() -> None:
    incoming = candidate("The API listens on port 4310.")
    (change,) = plan(incoming, View(NOW, forgotten=True))
    assert isinstance(change, Skip)


def test_an_archived_forgotten_file_is_not_revived() -> None:
    shelf = Shelf()
    incoming = candidate("The API listens on port 4310.")
    shelf.take(incoming)
    (identifier,) = shelf.memories
    shelf.memories[identifier] = shelf.memories[identifier].replace(status=Status.FORGOTTEN)
    before = dict(shelf.memories)
    assert isinstance(shelf.take(incoming)[0], Skip)
    assert shelf.memories == before


def test_an_old_value_named_in_passing_finds_its_predecessor() -> None:
    shelf = Shelf()
    shelf.take(candidate("The api listens on port 4310.", key="api/port"))
    shelf.take(candidate("The api is on 4400, not 4310.", key=None, minutes=5, message="m2", replaces=("4310",)))
    assert shelf.active() == ["The api is on 4400, not 4310."]
    assert all(memory.key == "api/port" for memory in shelf.memories.values())


@pytest.mark.parametrize("keys", [("api/port", None), (None, "api/port"), (None, None), ("a/port", "b/port")])
@pytest.mark.parametrize("late", [False, True])
def test_a_dismissed_value_links_two_versions_in_either_order(keys: tuple[str | None, str | None], late: bool) -> None:
    old = candidate("The payment api listens on port 4310.", key=keys[0])
    new = candidate(
        "The payment api moved to 4400, not 4310.", key=keys[1], minutes=5, message="m2", replaces=("4310",)
    )
    shelf = Shelf()
    for one in (new, old) if late else (old, new):
        shelf.take(one)
    assert shelf.active() == ["The payment api moved to 4400, not 4310."]
    assert len({memory.key for memory in shelf.memories.values()}) == 1
    before = dict(shelf.memories)
    for one in (old, new):
        shelf.take(one)
    assert shelf.memories == before


@pytest.mark.parametrize("late", [False, True])
def test_what_is_different_now_supersedes_what_was_said_in_the_same_words(late: bool) -> None:
    old = candidate("The tickets are sent through Mailgun, not Postmark.", key=None)
    new = candidate("The tickets are now sent through Brevo, not Postmark.", key=None, minutes=5, message="m2")
    shelf = Shelf()
    for one in (new, old) if late else (old, new):
        shelf.take(one)
    assert shelf.active() == ["The tickets are now sent through Brevo, not Postmark."]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("The tickets are sent through Mailgun.", "The tickets are sent through Brevo."),
        ("Rack 1 holds 100 disks of the archive.", "Rack 2 now holds 140 disks of the backup."),
        (
            "The tickets are printed on blue paper at the pier.",
            "The invoices are now printed on blue paper at the pier.",
        ),
        ("The tickets are sent through Mailgun.", "The tickets are now sent at night, after the last ferry has left."),
    ],
)
def test_statements_that_only_look_alike_both_stay(first: str, second: str) -> None:
    shelf = Shelf()
    shelf.take(candidate(first, key=None))
    shelf.take(candidate(second, key=None, minutes=5, message="m2"))
    assert len(shelf.active()) == 2


def test_a_longer_number_is_not_the_dismissed_value() -> None:
    shelf = Shelf()
    shelf.take(candidate("The payment api keeps logs for 160 days.", key="api/retention"))
    shelf.take(
        candidate(
            "The payment api keeps logs for 30 days, not 16.", key=None, minutes=5, message="m2", replaces=("16",)
        )
    )
    assert len(shelf.active()) == 2


def test_an_old_value_of_another_topic_supersedes_nothing() -> None:
    shelf = Shelf()
    shelf.take(candidate("Grafana sits on 4310.", key="grafana/port"))
    shelf.take(candidate("Invoices start at 4400, not 4310.", key=None, minutes=5, message="m2", replaces=("4310",)))
    assert len(shelf.active()) == 2


def test_events_and_tasks_never_supersede_each_other() -> None:
    shelf = Shelf()
    shelf.take(
        candidate("Production was down for 45 minutes.", kind=MemoryType.EVENT, key="prod", occurred="2026-09-01")
    )
    shelf.take(
        candidate(
            "Production was down for 45 minutes.",
            kind=MemoryType.EVENT,
            key="prod",
            minutes=9000,
            occurred="2026-09-07",
        )
    )
    assert len(shelf.active()) == 2


def test_a_proposed_candidate_waits_and_supersedes_nothing() -> None:
    shelf = Shelf()
    shelf.take(candidate("The API listens on port 4310."))
    suspicious = candidate("The API listens on port 6666.", minutes=9, message="m2")
    proposed = Candidate(
        **{name: getattr(suspicious, name) for name in suspicious.__dataclass_fields__ if name != "proposed"},
        proposed=True,
    )
    shelf.take(proposed)
    assert shelf.active() == ["The API listens on port 4310."]
    assert [m.status for m in shelf.memories.values()] == [Status.ACTIVE, Status.PROPOSED]


def test_a_read_only_memory_stays_and_what_contradicts_it_waits_for_review() -> None:
    shelf = Shelf()
    shelf.take(candidate("The API listens on port 4310."))
    (identifier,) = shelf.memories
    shelf.memories[identifier] = shelf.memories[identifier].replace(read_only=True)
    changes = shelf.take(candidate("The API listens on port 4400.", minutes=5, message="m2"))
    assert [type(change) for change in changes] == [Add]
    assert shelf.active() == ["The API listens on port 4310."]
    assert [m.status for m in shelf.memories.values()] == [Status.ACTIVE, Status.PROPOSED]


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("Use pnpm, never npm.", "use pnpm, never npm", True),
        ("The nightly backup runs at 02:10.", "The nightly backup runs at 01:20.", False),
        ("Deploy on Fridays.", "Never deploy on Fridays.", False),
        ("Nodes are node1 to node3.", "Nodes are node1 to node4.", False),
        ("Tests run with pytest.", "The office is closed in August.", False),
        ("Staging deploys from the branch stage.", "Staging deploys from the stage branch.", True),
        (
            "The receipts are rendered by Typst, not by LaTeX, because it is faster.",
            "The receipts are rendered by Paged, not by LaTeX, because it is faster.",
            False,
        ),
        (
            "In the web workspace of this repository we install packages with pnpm and nothing else.",
            "In the web workspace of this repository we install packages with yarn and nothing else.",
            False,
        ),
    ],
)
def test_same_statement(first: str, second: str, same: bool) -> None:
    assert same_statement(first, second) is same
    assert same_statement(second, first) is same


def test_a_retelling_may_leave_something_out_but_add_nothing() -> None:
    known = "Deploy the booking service on Tuesdays after lunch with two people"
    assert same_statement("deploy the booking service on tuesdays after lunch with people", known)
    assert not same_statement(f"{known} except staging", known, cosine=0.99)


@pytest.mark.parametrize("cosine", [0.0, 0.9, 1.0])
def test_a_new_name_is_never_merged_into_the_old_statement(cosine: float) -> None:
    first, second = (f"The tickets are sent through {name}, not Postmark." for name in ("Mailgun", "Brevo"))
    assert not same_statement(second, first, cosine)


def test_concrete_values_are_numbers_paths_and_identifiers() -> None:
    values = concrete_values("Set price_minor in src/app.ts to 12 on node2, says Yara")
    assert values == {"price_minor", "src/app.ts", "12", "node2"}


words = st.sampled_from(["port", "api", "4310", "4400", "never", "use", "pnpm", "node1", "the"])
statements = st.lists(
    st.tuples(st.lists(words, min_size=1, max_size=5), st.integers(0, 500), st.sampled_from(["user", "assistant"])),
    min_size=1,
    max_size=12,
)


@given(statements)
def test_under_any_stream_one_key_has_one_active_memory_and_nothing_is_lost(
    stream: list[tuple[list[str], int, Speaker]],
) -> None:
    shelf = Shelf()
    for index, (parts, minutes, speaker) in enumerate(stream):
        before = set(shelf.memories)
        incoming = candidate(" ".join(parts), minutes=minutes, speaker=speaker, message=f"m{index}")
        shelf.take(incoming)
        assert before <= set(shelf.memories)
        stored = [shelf.stored(memory) for memory in shelf.memories.values()]
        assert len(shelf.active()) == 1
        assert settle(stored) == []
        known = {message for memory in shelf.memories.values() for message in memory.source.messages}
        assert f"m{index}" in known
