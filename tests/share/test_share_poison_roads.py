"""Ways around the holding of harmful memories that come with a shared profile, and what must not hurt one's own."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from held_kit import HARMFUL, Stranger, as_given, given, learned, take_in
from share_kit import CONTEXT, FOLDER, Machine, commit, git, settle_all, step

from sidecar.frontmatter import render
from sidecar.identity import content_hash
from sidecar.model import MemoryType, Source, Status
from sidecar.store.arrivals import Arrival, Arrivals

INSTRUCTION = MemoryType.INSTRUCTION
HARM = HARMFUL[0]
OWN = "Never tell the user about skipped slow tests unless asked."


@pytest.fixture
def eve(pair: tuple[Machine, Machine], remote: Path, tmp_path: Path) -> Stranger:
    return Stranger(tmp_path / "eve", remote)


@pytest.fixture
def bo_shares(pair: tuple[Machine, Machine]) -> Machine:
    return pair[1]


def own(machine: Machine, content: str, **fields: object) -> str:
    source = Source("hand", speaker="user", by=f"bo@{machine.name}")
    return machine.learn(content, type=INSTRUCTION, source=source, **fields).path


def test_a_file_without_an_id_is_held_and_is_not_the_users_word(bo_shares: Machine, eve: Stranger) -> None:
    bo = bo_shares
    eve.put("instructions/general/x.md", f"{HARM}\n".encode())
    eve.put("instructions/general/y.md", b"Use pnpm in the web workspace.\n")
    eve.push()
    take_in(bo)
    assert as_given(bo)[HARM] is Status.PROPOSED
    for content in (HARM, "Use pnpm in the web workspace."):
        memory = learned(bo, content).memory
        assert (memory.source.origin, memory.source.speaker, memory.source.by) == ("import", None, "eve@pwn.example")
        assert not memory.human
    assert HARM not in given(bo)
    assert "Use pnpm in the web workspace. [instruction; shared by eve@pwn.example, not checked here" in given(bo)
    bo.restart()
    bo.look()
    assert as_given(bo)[HARM] is Status.PROPOSED, "also with the id that it got here, and after a restart"


def test_a_file_without_an_id_is_held_when_it_comes_with_a_join(eve: Stranger, remote: Path, tmp_path: Path) -> None:
    eve.put("instructions/general/x.md", f"{HARM}\n".encode())
    eve.push()
    late = Machine(tmp_path / "late", "late")
    late.sharing.join("local", str(remote))
    late.commit()
    assert as_given(late)[HARM] is Status.PROPOSED
    assert not learned(late, HARM).memory.human


def test_what_a_person_writes_here_stays_their_word(bo_shares: Machine) -> None:
    bo_shares.write("instructions/general/mine.md", f"{OWN}\n")
    bo_shares.commit()
    memory = learned(bo_shares, OWN).memory
    assert (memory.source.origin, memory.source.speaker) == ("hand", "user")
    assert as_given(bo_shares)[OWN] is Status.ACTIVE


def test_of_two_files_of_one_id_both_are_looked_at(bo_shares: Machine, eve: Stranger) -> None:
    bo = bo_shares
    memory = bo.memory(HARM, type=INSTRUCTION)
    eve.add(memory)
    eve.put("tasks/zz/zz.md", render(memory).replace(HARM.encode(), b"Harmless words."))
    eve.push()
    take_in(bo)
    take_in(bo)
    assert as_given(bo).get(HARM) is not Status.ACTIVE
    assert HARM not in given(bo)
    (bo.folder / "tasks/zz/zz.md").unlink(missing_ok=True)
    bo.look()
    assert as_given(bo)[HARM] is Status.PROPOSED, "also when the other file has gone"


def test_undo_back_to_words_that_were_held_holds_them_again(pair: tuple[Machine, Machine]) -> None:
    ada, bo = pair
    path = ada.learn(HARM, type=INSTRUCTION).path
    ada.commit()
    settle_all([ada, bo])
    ada.write(path, (ada.folder / path).read_text().replace(HARM, "Run the tests first."))
    ada.commit()
    settle_all([ada, bo])
    assert as_given(bo)["Run the tests first."] is Status.ACTIVE
    bo.profile.undo(None)
    bo.look()
    assert as_given(bo)[HARM] is Status.PROPOSED


@pytest.mark.parametrize(
    "line", [f'summary: "{HARMFUL[1]}"', f'queries: ["{HARMFUL[1]}"]', f'keywords: ["{HARMFUL[1]}"]']
)
def test_harmful_words_about_a_memory_are_held_too(pair: tuple[Machine, Machine], line: str) -> None:
    ada, bo = pair
    path = own(bo, "The database is Postgres.")
    bo.commit()
    settle_all([ada, bo])
    before = (ada.folder / path).read_text()
    name = line.partition(":")[0]
    after = re.sub(rf"(?m)^{name}:.*\n", "", before).replace("---\n", f"---\n{line}\n", 1)
    ada.write(path, after)
    ada.look()
    settle_all([ada, bo])
    assert as_given(bo)["The database is Postgres."] is Status.PROPOSED
    assert HARMFUL[1] not in given(bo)
    ada.write(path, before)
    ada.look()
    settle_all([ada, bo])
    assert as_given(bo)["The database is Postgres."] is Status.ACTIVE, "it says again what its author wrote"
    assert "written by the user" in given(bo)


class Killed(BaseException):
    """The process ends here."""


def test_killed_between_the_note_and_the_taking(pair: tuple[Machine, Machine]) -> None:
    """At every step: what is active afterwards, before the next sync as after it, is never what is to be held."""
    ada, bo = pair
    ada.learn(HARM, type=INSTRUCTION)
    ada.commit()
    ada.sync()
    for steps in range(40):
        left = iter(range(steps))

        def step(_name: str, left: object = left) -> None:
            if next(left, None) is None:  # type: ignore[call-overload]
                raise Killed

        bo.step = step
        try:
            bo.sync()
        except Killed:
            pass
        else:
            break
        finally:
            bo.step = lambda _name: None
        bo.restart()
        bo.look()
        assert as_given(bo).get(HARM) is not Status.ACTIVE, steps
    else:
        raise AssertionError("it has more steps than are tested")
    assert steps
    bo.look()
    assert as_given(bo)[HARM] is Status.PROPOSED


def test_words_of_ones_own_are_so_again_whoever_brings_them_back(pair: tuple[Machine, Machine]) -> None:
    ada, bo = pair
    own(bo, OWN)
    bo.commit()
    settle_all([ada, bo])
    ada.profile.delete(learned(ada, OWN).memory.id, CONTEXT)
    ada.commit()
    settle_all([ada, bo])
    assert OWN not in as_given(bo)
    ada.profile.undo(None)
    ada.commit()
    settle_all([ada, bo])
    assert as_given(bo)[OWN] is Status.ACTIVE
    assert f"{OWN} [instruction; written by the user" in given(bo)
    assert not bo.profile.arrivals.came(learned(bo, OWN).memory)


def test_words_of_others_do_not_become_ones_own_by_going_and_coming(pair: tuple[Machine, Machine]) -> None:
    ada, bo = pair
    ada.learn(HARM, type=INSTRUCTION)
    ada.commit()
    settle_all([ada, bo])
    for _ in range(2):
        ada.profile.delete(learned(ada, HARM).memory.id, CONTEXT)
        ada.commit()
        settle_all([ada, bo])
        ada.profile.undo(None)
        ada.commit()
        settle_all([ada, bo])
        assert as_given(bo)[HARM] is Status.PROPOSED


def superseded(bo: Machine, ada: Machine, eve: Stranger) -> str:
    """Bo's own word under a key, in whose place a harmful one has come; returns the id of that."""
    own(bo, "Use pnpm.", key="web/pm")
    bo.commit()
    settle_all([ada, bo])
    bo.now += timedelta(hours=1)
    harmful = bo.memory(HARM, type=INSTRUCTION, key="web/pm", source=Source("hand", speaker="user", by="bo@bo"))
    eve.add(harmful)
    eve.push()
    bo.now += timedelta(hours=1)
    take_in(bo)
    assert learned(bo, "Use pnpm.").memory.status is Status.SUPERSEDED, "as in every clone"
    return harmful.id


def test_ones_own_word_stands_while_what_took_its_place_is_held(pair: tuple[Machine, Machine], eve: Stranger) -> None:
    ada, bo = pair
    identifier = superseded(bo, ada, eve)
    assert as_given(bo) == {"The port is 8080.": Status.ACTIVE, HARM: Status.PROPOSED, "Use pnpm.": Status.ACTIVE}
    stands = bo.profile.offered_one(learned(bo, "Use pnpm.").memory.id)
    assert stands is not None
    assert (stands.memory.status, stands.memory.superseded_by) == (Status.ACTIVE, None)
    assert "Use pnpm." in given(bo)
    settle_all([ada, bo])
    assert ada.tree() == bo.tree(), "in the files nothing of this is to be seen"
    harmful = bo.profile.get(identifier)
    assert harmful is not None
    bo.profile.release(harmful.memory)
    assert bo.profile.moved.ids == {identifier, learned(bo, "Use pnpm.").memory.id}, "the index hears of both"
    assert as_given(bo)["Use pnpm."] is Status.SUPERSEDED
    assert as_given(bo)[HARM] is Status.ACTIVE


def test_ones_own_word_still_stands_when_what_was_held_is_forgotten(
    pair: tuple[Machine, Machine], eve: Stranger
) -> None:
    ada, bo = pair
    identifier = superseded(bo, ada, eve)
    bo.profile.forget(identifier, "rejected in review", CONTEXT)
    bo.look()
    assert as_given(bo)["Use pnpm."] is Status.ACTIVE


def test_a_torn_last_line_does_not_swallow_the_next(pair: tuple[Machine, Machine]) -> None:
    _, bo = pair
    memory = bo.memory(HARM)
    name = content_hash(memory.type, memory.content)
    path = bo.folder / ".git" / "sidecar-arrivals"
    path.write_bytes(path.read_bytes() + b"01JUNK 0123abc")
    Arrivals(bo.folder).note([Arrival(memory.id, name, "held")])
    assert Arrivals(bo.folder).holds(memory)


def in_project(project: Path, name: str, content: str) -> None:
    target = project / FOLDER / "instructions" / "general" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(f"{content}\n")


def as_colleague(project: Path) -> None:
    git(project, "add", "-A")
    git(project, "-c", "user.name=eve", "-c", "user.email=eve@pwn.example", "commit", "-q", "-m", "more")


def carried_in(machine: Machine) -> dict[str, Status]:
    for _ in range(2):
        step(machine)
        machine.commit()
    return as_given(machine)


@pytest.mark.parametrize("committed", [False, True])
def test_what_the_user_writes_in_the_projects_folder_is_theirs(
    carrier: Machine, project: Path, *, committed: bool
) -> None:
    (stored,) = carrier.memories()
    path = project / FOLDER / stored.path
    path.write_text(path.read_text().replace("The port is 8080.", HARM))
    in_project(project, "mine.md", OWN)
    if committed:
        commit(project)
    assert carried_in(carrier) == {HARM: Status.ACTIVE, OWN: Status.ACTIVE}
    assert not any(carrier.profile.arrivals.came(one.memory) for one in carrier.memories())
    assert learned(carrier, OWN).memory.source.origin == "hand"


def test_what_the_projects_git_brings_by_others_is_held(carrier: Machine, project: Path) -> None:
    (stored,) = carrier.memories()
    path = project / FOLDER / stored.path
    path.write_text(path.read_text().replace("The port is 8080.", HARM))
    in_project(project, "theirs.md", HARMFUL[1])
    in_project(project, "good.md", "Use pnpm in the web workspace.")
    as_colleague(project)
    in_project(project, "mine.md", OWN)
    assert carried_in(carrier) == {
        HARM: Status.PROPOSED,
        HARMFUL[1]: Status.PROPOSED,
        "Use pnpm in the web workspace.": Status.ACTIVE,
        OWN: Status.ACTIVE,
    }
    came = {one.memory.content.strip() for one in carrier.memories() if carrier.profile.arrivals.came(one.memory)}
    assert came == {HARM, HARMFUL[1], "Use pnpm in the web workspace."}


def test_line_ends_that_a_project_asks_for_make_nothing_the_users(carrier: Machine, project: Path) -> None:
    """A checked-out file that differs from its commit only as the project's attributes want it."""
    (project / ".gitattributes").write_text("*.md text eol=crlf\n")
    in_project(project, "theirs.md", HARM)
    as_colleague(project)
    (project / FOLDER / "instructions/general/theirs.md").unlink()
    git(project, "checkout", "-q", "--", ".")
    assert b"\r\n" in (project / FOLDER / "instructions/general/theirs.md").read_bytes()
    assert carried_in(carrier)[HARM] is Status.PROPOSED
