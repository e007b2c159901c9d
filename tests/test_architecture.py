"""The floors of the house and the one module of each engine, held by import-linter."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the contracts of `folder`'s pyproject.toml over the package of this checkout."""
    program = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    environ = {"PYTHONPATH": str(CHECKOUT), "PATH": "/usr/bin:/bin", "COLUMNS": "120", "PYTHONUTF8": "1"}
    return subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, env=environ)


def test_the_contracts_are_kept() -> None:
    done = lint(CHECKOUT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "changes",
    [
        {'    "cli",\n': "", '    "errors",\n': '    "errors",\n    "cli",\n'},
        {'"sidecar.index.lexical -> tantivy"': '"sidecar.index.shelf -> tantivy"'},
        {'    "errors",\n': ""},
    ],
    ids=["a floor upside down", "a second user of an engine", "a module without a floor"],
)
def test_the_contracts_notice(tmp_path: Path, changes: dict[str, str]) -> None:
    text = (CHECKOUT / "pyproject.toml").read_text("utf-8")
    for old, new in changes.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    (tmp_path / "pyproject.toml").write_text(text, "utf-8")
    done = lint(tmp_path)
    assert done.returncode == 1
    assert "1 broken." in done.stdout


def test_every_dependency_has_its_contract() -> None:
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    engines = {name for contract in contracts for name in contract.get("forbidden_modules", [])}
    wanted = {entry.partition(">")[0].partition("=")[0] for entry in PROJECT["project"]["dependencies"]}
    imported = {"ahocorasick-rs": "ahocorasick_rs", "pyyaml": "yaml"}
    assert {imported.get(name, name) for name in wanted} <= engines


def test_no_part_catches_everything() -> None:
    """Only the CLI, the server and the supervisor may: ruff's BLE001 holds it, where nobody has switched it off."""
    ignores = PROJECT["tool"]["ruff"]["lint"]["per-file-ignores"]
    assert {path for path, rules in ignores.items() if "BLE001" in rules} == {
        "sidecar/cli/**",
        "sidecar/hooks/hook.py",
        "sidecar/daemon/server.py",
        "sidecar/daemon/supervise.py",
    }
    package = CHECKOUT / "sidecar"
    inline = {
        path.relative_to(package).as_posix() for path in package.rglob("*.py") if "noqa: BLE001" in path.read_text()
    }
    assert inline <= {"daemon/writer.py"}  # it hands what was raised to whoever asked for the work


def test_no_file_and_no_function_is_too_long() -> None:
    for path in sorted((CHECKOUT / "sidecar").rglob("*.py")):
        assert len(path.read_text("utf-8").splitlines()) <= 500, path
