"""A profile whose folder, or a part of it, is removed while it is open."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from store_kit import CONTEXT, REF, Kit

from sidecar.errors import BadMemoryFile, NotFound, StoreVanished
from sidecar.model import Add
from sidecar.store import Store


def _lost(kit: Kit, *parts: str) -> None:
    kit.add("The cable is blue.")
    kit.cycle()
    for part in parts:
        path = kit.folder / part
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.mark.parametrize("parts", [("",), (".git",), ("profile.yaml",), (".git", "profile.yaml")])
def test_nothing_is_written_into_a_half_folder_and_what_was_known_answers(kit: Kit, parts: tuple[str, ...]) -> None:
    _lost(kit, *parts)
    before = sorted(kit.folder.rglob("*"))
    assert REF in kit.store.profiles()
    profile = kit.store.open(REF, create=True)
    with pytest.raises(StoreVanished):
        profile.apply([Add(kit.memory("The plug is red."), "new")], CONTEXT)
    assert profile.refresh().vanished == profile.vanished
    assert (profile.settle(), profile.commit()) == ([], [])
    assert [stored.memory.content for stored in profile.memories()] == ["The cable is blue."]
    assert sorted(kit.folder.rglob("*")) == before


def test_a_folder_that_is_back_is_taken_up_again(kit: Kit, tmp_path: Path) -> None:
    kit.add("The cable is blue.")
    kit.cycle()
    shutil.move(kit.folder, tmp_path / "aside")
    assert kit.profile.refresh().vanished == (1, 1)
    assert not kit.profile.differs()
    shutil.move(tmp_path / "aside", kit.folder)
    assert kit.profile.refresh().vanished is None
    assert kit.add("The plug is red.").memory.content == "The plug is red."


def test_accepting_a_lost_folder_frees_its_name(kit: Kit, tmp_path: Path) -> None:
    _lost(kit, "")
    assert kit.store.accept(REF, tmp_path / "trash") is None
    assert kit.store.profiles() == []
    with pytest.raises(NotFound):
        kit.store.accept(REF, tmp_path / "trash")
    assert kit.store.open(REF, create=True).memories() == []


def test_accepting_an_incomplete_folder_completes_it(kit: Kit, tmp_path: Path) -> None:
    _lost(kit, ".git", "profile.yaml")
    profile = kit.store.accept(REF, tmp_path / "trash")
    assert profile is kit.profile
    profile.settle()
    assert profile.commit()
    assert kit.git("status", "--porcelain") == ""
    assert "profile.yaml" in kit.git("ls-files")
    assert [stored.memory.content for stored in kit.restart().memories()] == ["The cable is blue."]


def test_an_empty_profile_whose_folder_is_gone_is_made_anew(kit: Kit) -> None:
    shutil.rmtree(kit.folder)
    assert kit.store.profiles() == []
    profile = kit.store.open(REF, create=True)
    assert profile is not kit.profile
    assert profile.intact


def test_a_lost_profile_can_be_deleted(kit: Kit, tmp_path: Path) -> None:
    _lost(kit, "")
    assert kit.store.delete_profile(REF, tmp_path / "trash") is None
    assert kit.store.profiles() == []


def test_a_lost_store_still_has_its_namespaces(kit: Kit) -> None:
    kit.add("The cable is blue.")
    shutil.rmtree(kit.root)
    assert kit.store.namespaces() == ["local"]
    assert kit.store.profiles("local") == [REF]


def test_a_profile_that_cannot_be_opened_is_told_apart_until_it_can(kit: Kit) -> None:
    kit.add("The cable is blue.")
    kit.cycle()
    path = kit.folder / "profile.yaml"
    good = path.read_bytes()
    path.write_text("format: [\n")
    store = Store(kit.root, machine="laptop", writes=kit.writes, clock=kit.clock)
    with pytest.raises(BadMemoryFile):
        store.open(REF)
    assert store.profiles() == []
    assert list(store.broken()) == [REF]
    path.write_bytes(good)
    assert len(store.open(REF).memories()) == 1
    assert (store.profiles(), dict(store.broken())) == ([REF], {})


def test_what_git_has_not_seen_is_told(kit: Kit) -> None:
    kit.add("The cable is blue.")
    assert kit.profile.uncommitted()
    kit.cycle()
    assert not kit.profile.uncommitted()
