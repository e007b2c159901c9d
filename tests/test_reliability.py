"""The page of promises: every test that it names exists, and its figures can be filled in."""

import ast
import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_spec = importlib.util.spec_from_file_location("reliability", ROOT / "scripts" / "reliability.py")
assert _spec is not None
assert _spec.loader is not None
reliability = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reliability)

PAGE = (ROOT / "docs" / "reliability.md").read_text("utf-8")


def test_every_row_of_the_table_is_one_that_the_script_fills() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and "tests/" in line]
    assert len(rows) == len(reliability.named(PAGE)) > 30


@pytest.mark.parametrize("test", reliability.named(PAGE))
def test_what_it_names_exists(test: str) -> None:
    path, *names = test.split("::")
    text = (ROOT / path).read_text("utf-8")
    known = {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    assert names[-1] in known or f"{names[0]} = " in text


def test_what_was_measured_comes_into_its_row_and_no_other() -> None:
    first, second, *_ = reliability.named(PAGE)
    page = reliability.filled(PAGE, {first: ["9 kills", "9 kills", "a|b"]}, "2026-11-26")
    assert f"`{first}` | 9 kills; a/b (2026-11-26) |" in page
    before = next(line for line in PAGE.splitlines() if second in line)
    assert before in page
