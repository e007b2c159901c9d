"""Documentation that cannot go stale: generated pages are fresh, and what the README promises is there."""

import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import click
import pytest

from sidecar import __version__
from sidecar.cli.main import cli
from sidecar.errors import classes

CHECKOUT = Path(__file__).parents[1]
README = (CHECKOUT / "README.md").read_text("utf-8")


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, CHECKOUT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "name", ["docs/cli.md", "docs/config.md", "docs/errors.md", "docs/transcripts.md", "config.example.yaml"]
)
def test_generated_pages_are_fresh(name: str) -> None:
    pages = script("generate_docs").pages()
    assert (CHECKOUT / name).read_text("utf-8") == pages[name], "run: python scripts/generate_docs.py"


def test_every_error_number_is_used_once_and_every_error_has_message_and_hint() -> None:
    numbers = [cls.code for cls in classes()]
    assert sorted(numbers) == sorted(set(numbers))
    for cls in classes():
        assert cls.__doc__
        assert cls.hint


def commands_of_readme() -> list[str]:
    return re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)


def test_the_readme_has_two_commands_for_a_fresh_checkout_one_line_each() -> None:
    demo, tests = commands_of_readme()
    assert demo.endswith("sidecar demo")
    assert "[test]" in tests
    assert tests.endswith("-m pytest")


def test_ci_runs_the_second_command_as_the_readme_has_it() -> None:
    run = (CHECKOUT / ".ci" / "run").read_text("utf-8")
    assert "README.md" in run
    assert commands_of_readme()[1] not in run
    pattern = re.search(r"grep -m1 '([^']+)' README\.md", run)
    assert pattern is not None
    done = subprocess.run(
        ["grep", "-m1", pattern[1], "README.md"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == commands_of_readme()[1]


def test_every_command_that_the_readme_names_exists() -> None:
    named = set(re.findall(r"`sidecar ([a-z]+)", README)) | set(re.findall(r"^sidecar ([a-z]+)", README, re.MULTILINE))
    assert named
    assert named <= set(cli.list_commands(click.Context(cli)))


@pytest.mark.parametrize("page", sorted(path.name for path in (CHECKOUT / "docs").glob("*.md")))
def test_every_test_that_a_page_names_exists(page: str) -> None:
    named = set(re.findall(r"`(test_\w+)`", (CHECKOUT / "docs" / page).read_text("utf-8")))
    files = (CHECKOUT / "tests").rglob("test_*.py") if named else ()
    there = {name for file in files for name in re.findall(r"def (test_\w+)", file.read_text("utf-8"))}
    assert named <= there


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CONTRIBUTING.md",
        "docs/agents.md",
        "docs/python.md",
        "docs/dependencies.md",
        "docs/licences.md",
        "docs/security.md",
        "docs/cli.md",
        "docs/config.md",
        "docs/exchange.md",
        "docs/memory-format.md",
        "docs/transcript-format.md",
    ],
)
def test_links_between_pages_lead_somewhere(page: str) -> None:
    path = CHECKOUT / page
    words = re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)|src=\"([^\"]+)\"", words):
        link = target[0] or target[1]
        if "://" not in link:
            assert (path.parent / link).exists(), link


def test_every_dependency_is_explained() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    explained = (CHECKOUT / "docs" / "dependencies.md").read_text("utf-8")
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    names = {re.split(r"[<>=\[]", entry)[0] for entry in wanted}
    assert names == set(re.findall(r"^\| ([A-Za-z0-9-]+) \|", explained, re.MULTILINE)) - {"package"}


def test_the_changelog_speaks_of_this_version_or_of_the_next() -> None:
    text = (CHECKOUT / "CHANGELOG.md").read_text("utf-8")
    headings = re.findall(r"^## \[(.+?)\]", text, re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert len(headings) == 1 or headings[1] == __version__


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_the_first_command_of_the_readme_runs_in_a_fresh_checkout(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    ignore = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis")
    shutil.copytree(CHECKOUT, checkout, ignore=ignore)
    command = commands_of_readme()[0].replace("python3 ", f"{sys.executable} ", 1)
    done = subprocess.run(["bash", "-c", command], cwd=checkout, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Which package manager" in done.stdout
