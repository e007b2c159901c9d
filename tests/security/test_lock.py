"""The lock satisfies pyproject.toml and itself, has a hash for every file, and the table of licences is true."""

from __future__ import annotations

import importlib.util
import re
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
_spec = importlib.util.spec_from_file_location("lock", ROOT / "scripts" / "lock.py")
assert _spec is not None
assert _spec.loader is not None
lock = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(lock)

TEXT = (ROOT / "requirements.lock").read_text("utf-8")
LOCKED = lock.locked(TEXT)
PAGE = (ROOT / "docs" / "licences.md").read_text("utf-8")
ROWS = {
    row[0]: row[1:] for row in re.findall(r"^\| ([a-z0-9-]+) \| (\S+) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
}
ROWS.pop("package")
PRESENT = sorted({lock.canonical(one.metadata["Name"]) for one in metadata.distributions()} & LOCKED.keys())


def test_it_is_as_the_script_writes_it_and_names_no_place() -> None:
    assert lock.HEAD + lock.rendered(LOCKED) == TEXT
    assert "://" not in TEXT
    assert len(LOCKED) > 40


@pytest.mark.parametrize("entry", lock.wanted())
def test_it_satisfies_what_the_project_asks_for(entry: str) -> None:
    wanted = Requirement(entry)
    version, hashes = LOCKED[lock.canonical(wanted.name)]
    assert wanted.specifier.contains(Version(version), prereleases=True), version
    assert hashes


@pytest.mark.parametrize("name", PRESENT)
def test_it_has_what_its_packages_ask_for(name: str) -> None:
    """As far as the same version is installed here, whose metadata says so."""
    version, _ = LOCKED[name]
    if metadata.version(name) != version:
        pytest.skip(f"{name} is installed here as {metadata.version(name)}, locked as {version}")
    for entry in metadata.requires(name) or []:
        wanted = Requirement(entry)
        if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
            found = LOCKED.get(lock.canonical(wanted.name))
            assert found is not None, entry
            assert wanted.specifier.contains(Version(found[0]), prereleases=True), entry


def test_the_table_has_each_package_of_the_lock_in_its_version_and_a_licence() -> None:
    assert {name: row[0] for name, row in ROWS.items()} == {name: version for name, (version, _) in LOCKED.items()}
    assert [name for name, row in ROWS.items() if row[1].strip() in ("", "unknown")] == []


@pytest.mark.parametrize("name", PRESENT)
def test_the_licence_in_the_table_is_the_one_that_the_package_states(name: str) -> None:
    if metadata.version(name) != LOCKED[name][0]:
        pytest.skip(f"{name} is installed here as {metadata.version(name)}, locked as {LOCKED[name][0]}")
    assert ROWS[name][1] == lock.licence(name)


def test_no_licence_forbids_to_pass_it_on_with_ours() -> None:
    """Apache-2.0 goes with permissive licences, and with those that ask for their own files alone (MPL)."""
    strict = {name: row[1] for name, row in ROWS.items() if re.search(r"\b(A?GPL|LGPL|SSPL|BUSL|Proprietary)", row[1])}
    assert strict == {}
