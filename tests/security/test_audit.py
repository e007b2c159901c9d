"""The list of what dependencies may do is complete and true, and known faults are found without a network."""

from __future__ import annotations

import importlib.util
import json
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_spec = importlib.util.spec_from_file_location("audit", ROOT / "scripts" / "audit.py")
assert _spec is not None
assert _spec.loader is not None
audit = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(audit)

LOCKED = {name: version for name, (version, _) in audit.lock.locked(audit.lock.LOCK.read_text("utf-8")).items()}
PAGE = audit.PAGE.read_text("utf-8")
ROWS = [line for line in PAGE.partition(audit.BEGIN)[2].splitlines() if line.startswith("| ")][1:]


def test_the_list_has_each_package_of_the_lock_in_its_version_and_no_other() -> None:
    assert [tuple(row.split(" | ")[:2]) for row in ROWS] == [(f"| {name}", LOCKED[name]) for name in sorted(LOCKED)]
    assert set(audit.READS) == set(LOCKED)


@pytest.mark.slow
def test_it_is_as_the_script_writes_it() -> None:
    found = audit.lock.locked(audit.lock.LOCK.read_text("utf-8"))
    assert audit.table(found, audit.known(PAGE)) in PAGE
    assert "unknown" not in PAGE.partition(audit.BEGIN)[2]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tantivy", {"machine code"}),
        ("aiohttp", {"machine code", "network", "pickle"}),
        ("watchdog", {"programs", "C functions"}),
        ("annotated-types", set()),
    ],
)
def test_it_sees_what_packages_bring(name: str, expected: set[str]) -> None:
    if metadata.version(name) != LOCKED[name]:
        pytest.skip(f"{name} is installed here as {metadata.version(name)}, locked as {LOCKED[name]}")
    told = set((audit.powers(name, LOCKED[name]) or "").split(", ")) - {"nothing of these"}
    assert told == expected


def test_what_is_not_here_in_that_version_is_left_as_it_was_known() -> None:
    assert audit.powers("tantivy", "0.0.1") is None
    assert audit.powers("no-such-package", "1") is None
    assert "| tantivy | 0.0.1 | guessed |" in audit.table({"tantivy": ("0.0.1", set())}, {"tantivy": "guessed"})


def _advisory(folder: Path, name: str, kind: str = "json", **affected: object) -> None:
    record = {
        "id": f"PYSEC-{name}",
        "aliases": ["CVE-2026-1"],
        "affected": [{"package": {"ecosystem": "PyPI", "name": name}, **affected}],
    }
    (folder / f"{name}.{kind}").write_text(json.dumps(record))  # JSON is YAML too


def _range(**events: str) -> list[dict[str, object]]:
    return [{"type": "ECOSYSTEM", "events": [{kind: version} for kind, version in events.items()]}]


@pytest.mark.parametrize(
    ("affected", "concerned"),
    [
        ({"versions": ["1.0", LOCKED["pyyaml"]]}, True),
        ({"versions": ["1.0"]}, False),
        ({"ranges": _range(introduced="0")}, True),
        ({"ranges": _range(introduced="0", fixed=LOCKED["pyyaml"])}, False),
        ({"ranges": _range(introduced="0", last_affected=LOCKED["pyyaml"])}, True),
        ({"ranges": _range(introduced="0", last_affected="1.0")}, False),
        ({"ranges": _range(fixed="9999", introduced="1.0")}, True),
        ({"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]}, False),
        ({"package": {"ecosystem": "npm", "name": "PyYAML"}, "versions": [LOCKED["pyyaml"]]}, False),
    ],
)
@pytest.mark.parametrize("kind", ["json", "yaml"])
def test_a_known_fault_of_a_locked_version_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], affected: dict[str, object], concerned: bool, kind: str
) -> None:
    _advisory(tmp_path, "other-package", versions=["1.0"])
    _advisory(tmp_path, "PyYAML", kind, **affected)
    assert audit.main(["--advisories", str(tmp_path)]) == int(concerned)
    told = f"pyyaml {LOCKED['pyyaml']}: PYSEC-PyYAML (CVE-2026-1)" in capsys.readouterr().out
    assert told is concerned


def test_a_withdrawn_one_is_not(tmp_path: Path) -> None:
    _advisory(tmp_path, "other-package", versions=["1.0"])
    _advisory(tmp_path, "PyYAML", versions=[LOCKED["pyyaml"]])
    path = tmp_path / "PyYAML.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "withdrawn": "2026-01-01T00:00:00Z"}))
    assert audit.main(["--advisories", str(tmp_path)]) == 0


def test_a_folder_without_advisories_is_no_clean_bill(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("nothing")
    (tmp_path / "odd.json").write_text("[]")
    assert audit.main(["--advisories", str(tmp_path)]) == 2
