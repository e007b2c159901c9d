"""What a hostile remote can say of its memories, and what that gains it: nothing before one's own, and no hearing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from held_kit import HARMFUL, as_given, given, learned
from share_kit import REF, Machine, NoIndex, NoJournal, bare, settle_all

from sidecar.follow import Follow
from sidecar.index.documents import Source as Memories
from sidecar.index.sync import ChangedMemories
from sidecar.model import MemoryType, ProfileRef, Source, Status

INSTRUCTION = MemoryType.INSTRUCTION
CLAIMS = {
    "pinned": True,
    "read_only": True,
    "source": Source("hand", "claude-code", "s-1", "user", ("m-1",), "ines@bo"),
}


@pytest.mark.parametrize("content", HARMFUL)
def test_what_would_do_harm_is_held_on_this_machine_alone(pair: tuple[Machine, Machine], content: str) -> None:
    ada, bo = pair
    ada.learn(content, type=INSTRUCTION, **CLAIMS)
    settle_all([ada, bo])
    assert ada.tree() == bo.tree()
    assert as_given(bo)[content] is Status.PROPOSED
    assert as_given(ada)[content] is Status.ACTIVE, "what was said here is not held here"
    assert content not in given(bo)
    assert content not in bo.profile.summary_markdown()
    assert [
        one.memory.content.strip() for one in bo.follow.memories()[REF] if one.memory.status is Status.PROPOSED
    ] == [content]
    bo.restart()
    bo.look()
    assert as_given(bo)[content] is Status.PROPOSED, "also after a restart"


def test_a_person_who_accepts_it_lets_it_go(pair: tuple[Machine, Machine]) -> None:
    ada, bo = pair
    ada.learn(HARMFUL[0], type=INSTRUCTION)
    settle_all([ada, bo])
    bo.profile.release(learned(bo, HARMFUL[0]).memory)
    assert as_given(bo)[HARMFUL[0]] is Status.ACTIVE
    assert "shared by ines@ada, not checked here" in given(bo)


class Told(NoIndex):
    """Notes what an index that has seen everything once is told to look at."""

    def __init__(self) -> None:
        self.statuses: dict[str, Status] = {}

    def sync(
        self, source: Memories, *, anew: bool, messages: bool, changed: ChangedMemories | None, later: bool
    ) -> None:
        found = source.memories() if changed is None else {ref: (*some.values(),) for ref, some in changed.items()}
        for one in (one for some in found.values() for one in some if one is not None):
            self.statuses[one.memory.content.strip()] = one.memory.status


def test_the_index_hears_that_it_is_held_and_that_it_was_let_go(pair: tuple[Machine, Machine]) -> None:
    ada, bo = pair
    index = Told()
    bo.follow = Follow(bo.store, NoJournal(), index, lambda: bo.now)  # type: ignore[arg-type]
    bo.restart_sharing()
    bo.look()
    ada.learn(HARMFUL[0], type=INSTRUCTION)
    settle_all([ada, bo])
    bo.look()
    assert index.statuses[HARMFUL[0]] is Status.PROPOSED
    bo.profile.release(learned(bo, HARMFUL[0]).memory)
    bo.look()
    assert index.statuses[HARMFUL[0]] is Status.ACTIVE


def test_words_that_come_with_a_join_are_looked_at_too(ada: Machine, bo: Machine, remote: Path) -> None:
    ada.learn(HARMFUL[1], type=INSTRUCTION)
    ada.learn("Use pnpm in the web workspace.", type=INSTRUCTION)
    ada.sharing.share(REF, str(remote))
    bo.sharing.join("local", str(remote))
    assert as_given(bo) == {HARMFUL[1]: Status.PROPOSED, "Use pnpm in the web workspace.": Status.ACTIVE}


def test_an_edit_that_makes_a_good_memory_harmful_is_seen(pair: tuple[Machine, Machine]) -> None:
    ada, bo = pair
    (stored,) = ada.memories()
    ada.write(stored.path, (ada.folder / stored.path).read_text().replace("The port is 8080.", HARMFUL[2]))
    ada.look()
    settle_all([ada, bo])
    assert as_given(bo) == {HARMFUL[2]: Status.PROPOSED}
    bo.write(stored.path, (bo.folder / stored.path).read_text().replace(HARMFUL[2], "The port is 9090."))
    bo.look()
    assert as_given(bo) == {"The port is 9090.": Status.ACTIVE}
    assert "written by the user" in given(bo), "a correction made here is one's own"


def test_no_claim_of_a_file_wins_a_place_or_a_name(pair: tuple[Machine, Machine]) -> None:
    ada, bo = pair
    ada.learn("Use pnpm in the web workspace.", type=INSTRUCTION, **CLAIMS)
    settle_all([ada, bo])
    bo.now += timedelta(minutes=5)
    bo.learn("Own rule: two spaces.", type=INSTRUCTION)
    text = given(bo)
    assert "Use pnpm in the web workspace. [instruction; shared by ines@bo, not checked here" in text
    assert text.index("Own rule") < text.index("pnpm"), "pinned by a stranger is not pinned"
    assert "Corrected" not in text


def test_no_remote_becomes_the_profile_of_all_projects(ada: Machine, tmp_path: Path) -> None:
    personal = Machine(tmp_path / "eve", "eve")
    profile = personal.store.open(ProfileRef("local", "personal"), create=True)
    profile.refresh()
    personal.follow.catch_up([profile.ref])
    profile.commit()
    remote = bare(tmp_path / "eve.git")
    personal.sharing.share(profile.ref, str(remote))
    joined = ada.sharing.join("local", str(remote))
    assert joined.ref == ProfileRef("local", "shared")
    assert ProfileRef("local", "personal") not in ada.store.profiles()
