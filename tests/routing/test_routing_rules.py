"""Globs of the user's rules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.config import ProfileRule
from sidecar.routing.rules import Matcher

HOME = Path("/home/in[e]s")


def matches(rule: ProfileRule, *, path: str = "/x", remote: str | None = None, agent: str | None = None) -> bool:
    return Matcher(rule, HOME).matches(agent, [path], [] if remote is None else [remote])


@pytest.mark.parametrize(
    ("glob", "path", "expected"),
    [
        ("/w/web", "/w/web", True),
        ("/w/web/", "/w/web", True),
        ("/w/web", "/w/web/src/x", True),
        ("/w/web", "/w/website", False),
        ("/w/*", "/w/web", True),
        ("/w/*", "/w/web/src", True),
        ("/w/*", "/w", False),
        ("/w/*/api", "/w/a/b/api", False),
        ("/w/**/api", "/w/a/b/api", True),
        ("/w/web-?", "/w/web-1", True),
        ("/w/web-?", "/w/web-/", False),
        ("/w/web-[12]", "/w/web-2", True),
        ("/w/web-[!12]", "/w/web-2", False),
        ("/w/[^a]", "/w/^", True),
        ("/w/[a-c]", "/w/b", True),
        ("/w/[c-a]", "/w/b", False),
        ("/w/[c-a]", "/w/-", True),
        ("/w/[]-]", "/w/]", True),
        ("/w/[!]]", "/w/]", False),
        ("/w/[!]]", "/w/a", True),
        ("/w/a.b", "/w/axb", False),
        ("/w/[", "/w/[", True),
        ("~", "/home/in[e]s", True),
        ("~/work", "/home/in[e]s/work/web", True),
        ("~/work", "/home/ines/work/web", False),
        ("~work", "/home/in[e]s/work", False),
        ("**", "/anything/at/all", True),
    ],
)
def test_a_path_matches_with_all_that_is_below(glob: str, path: str, expected: bool) -> None:
    assert matches(ProfileRule(path=glob), path=path) is expected


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("github.com/acme/*", True),
        ("github.com/*", True),
        ("*/web", True),
        ("git@github.com:acme/*", True),
        ("https://github.com/acme/web.git", True),
        ("gitlab.com/*", False),
        ("github.com/acme", False),
    ],
)
@pytest.mark.parametrize(
    "remote", ["git@github.com:acme/web.git", "https://ines:pw@github.com/acme/web", "github.com/acme/web"]
)
def test_a_remote_matches_however_it_is_written(glob: str, remote: str, expected: bool) -> None:
    assert matches(ProfileRule(remote=glob), remote=remote) is expected


def test_what_is_not_known_matches_no_glob() -> None:
    assert not matches(ProfileRule(agent="*"), agent=None)
    assert not matches(ProfileRule(remote="*"), remote=None)
    assert not Matcher(ProfileRule(path="**"), HOME).matches("codex", [], [])


def test_all_that_is_given_must_match() -> None:
    rule = ProfileRule(path="/w", agent="codex*")
    assert matches(rule, path="/w/x", agent="codex")
    assert not matches(rule, path="/w/x", agent="claude-code")
    assert not matches(rule, path="/v", agent="codex")


@given(glob=st.text("a*?[]!^-\\/.", max_size=12).map(lambda text: f"[{text}]"), path=st.text("a]!^-\\/.", max_size=6))
def test_no_glob_is_an_error(glob: str, path: str) -> None:
    matches(ProfileRule(path=glob), path=path)


@given(st.text("ab.*?[]^\\/+()", max_size=12))
def test_an_escaped_path_matches_itself_alone(path: str) -> None:
    escaped = re.sub(r"([*?[])", r"[\1]", path.rstrip("/"))
    assert matches(ProfileRule(path=escaped), path=path.rstrip("/"))
    assert not matches(ProfileRule(path=escaped), path=path.rstrip("/") + "x")
