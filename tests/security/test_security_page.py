"""The page of threats: every test that it names exists, and every threat has some."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
NAMED = re.findall(r"^\|.*\| `(tests/[^`]+)` \|$", PAGE, re.MULTILINE)
THREATS = (
    "Other users of the machine", "A malicious repository", "A poisoned web page", "A hostile shared profile",
    "A stolen laptop", "A curious model",
)  # fmt: skip


def test_every_row_names_a_test() -> None:
    rows = [
        line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| defended", "| ---"))
    ]
    assert len(rows) == len(NAMED) > 30


@pytest.mark.parametrize("test", NAMED)
def test_what_it_names_exists(test: str) -> None:
    path, name = test.split("::")
    found = {
        node.name for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8"))) if isinstance(node, ast.FunctionDef)
    }
    assert name in found


@pytest.mark.parametrize("threat", THREATS)
def test_every_threat_says_what_is_defended_and_what_is_not(threat: str) -> None:
    (section,) = [part for part in PAGE.split("\n## ")[1:] if part.startswith(threat)]
    assert section.count("`tests/") >= 2
    assert "Not defended" in section or "no defence" in section
