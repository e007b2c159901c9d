"""Patterns that are compiled late, and are then like any other."""

import gc
import importlib
import pkgutil
import re
import subprocess
import sys

import pytest

import sidecar
from sidecar import expressions
from sidecar.expressions import regex


def test_it_is_as_the_pattern() -> None:
    written = r"(?P<word>[a-z]+)-(\d+)"
    late, pattern = regex(written, re.IGNORECASE), re.compile(written, re.IGNORECASE)
    text = "Ab-1, cd-22"
    for _ in range(2):  # at the first use and afterwards
        assert late.pattern == pattern.pattern
        assert late.flags == pattern.flags
        assert dict(late.groupindex) == dict(pattern.groupindex)
        assert late.findall(text) == pattern.findall(text) == [("Ab", "1"), ("cd", "22")]
        assert late.sub(r"\2", text, count=1) == pattern.sub(r"\2", text, count=1) == "1, cd-22"
        found = late.search(text, 3)
        assert found is not None
        assert found["word"] == "cd"
        assert late.fullmatch(text) is None


def test_bytes_too() -> None:
    assert regex(rb"\d+").findall(b"a1b22") == [b"1", b"22"]


def test_an_error_shows_at_the_first_use() -> None:
    wrong = regex("(")
    with pytest.raises(re.error, match="unterminated"):
        wrong.search("")
    with pytest.raises(AttributeError):
        _ = regex("a").nothing_of_that_name  # type: ignore[attr-defined]


def test_all_of_the_package_compile() -> None:
    for module in pkgutil.walk_packages(sidecar.__path__, "sidecar."):
        if not module.name.endswith(("__main__", "distill")):
            importlib.import_module(module.name)
    gc.unfreeze()  # what a daemon in this process has frozen is not among the objects
    found = [one for one in gc.get_objects() if type(one) is expressions._Late]
    assert len(found) > 300
    for one in found:
        assert one.flags is not None, one


def test_the_daemon_starts_without_them() -> None:
    program = (
        "import gc, sidecar.daemon.app; from sidecar import expressions;"
        "late = [one for one in gc.get_objects() if type(one) is expressions._Late];"
        "print(len(late), sum('_compiled' in vars(one) for one in late))"
    )
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    there, compiled = map(int, told.split())
    assert there > 300
    assert compiled < there / 10
