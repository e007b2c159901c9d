"""Who learned a memory, and who pushed it."""

from __future__ import annotations

from pathlib import Path

from share_kit import REF, Machine, bare

CATALOG = {"ada": "Ada Example", "bo": "Bo Example"}


def as_user(home: Path, name: str) -> None:
    (home / ".gitconfig").write_text(f"[user]\n\tname = {CATALOG[name]}\n\temail = {name}@example.org\n")


def pushers(machine: Machine, identifier: str | None = None) -> list[str | None]:
    entries = machine.profile.log(identifier)
    pushed = machine.profile.pushed(entries)
    return [pushed.get(entry.commit) for entry in entries]


def test_each_memory_tells_who_learned_it_and_who_pushed_it(tmp_path: Path, home: Path) -> None:
    remote = bare(tmp_path / "remote.git")
    as_user(home, "ada")
    ada, bo = Machine(tmp_path / "ada", "ada"), Machine(tmp_path / "bo", "bo")
    first = ada.learn("Before the share.")
    assert ada.profile.pushed_by(first.memory.id) is None
    ada.sharing.share(REF, str(remote))
    second = ada.learn("After the share.")
    ada.commit()
    assert (pushers(ada, second.memory.id), ada.profile.pushed_by(second.memory.id)) == ([None], None)
    ada.sync()
    as_user(home, "bo")
    bo.sharing.join("local", str(remote))
    third = bo.learn("Learned by Bo.")
    bo.write("notes/hand.md", "Written by Bo.\n")
    bo.commit()
    bo.sync()
    as_user(home, "ada")
    ada.learn("Meanwhile.")
    ada.sync()
    for machine in (ada, bo):
        known = {one.memory.id: machine.profile.pushed_by(one.memory.id) for one in machine.memories()}
        assert known[first.memory.id] == known[second.memory.id] == CATALOG["ada"]
        assert known[third.memory.id] == CATALOG["bo"]
    (hand,) = [one for one in ada.memories() if one.memory.content == "Written by Bo."]
    assert ada.profile.pushed_by(hand.memory.id) == CATALOG["bo"]
    assert str(hand.memory.source.by).endswith("@bo")
    assert third.memory.source.by == "ines@bo"
    assert {one for one in pushers(ada) if one} == set(CATALOG.values())
