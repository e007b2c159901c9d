"""Names of profiles and of remotes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.routing.names import free_name, last_part, remote_name, remote_names, slug

VALID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
DIGEST = "0123456789abcdef" * 4


@given(st.text())
def test_every_folder_has_a_valid_name(folder: str) -> None:
    assert VALID.fullmatch(slug(folder))
    assert slug(slug(folder)) == slug(folder)


@given(st.lists(st.sampled_from(["web", "Web", "w" * 40, "a" * 24 + "-b", "personal", "…"]), max_size=12))
def test_names_are_never_given_twice(folders: list[str]) -> None:
    taken: list[str] = []
    for folder in folders:
        taken.append(free_name(folder, DIGEST, taken))
    assert len(set(taken)) == len(taken)
    assert all(VALID.fullmatch(name) for name in taken)
    assert "personal" not in taken


def test_more_digits_are_added_when_six_are_not_enough() -> None:
    assert free_name("web", DIGEST, ["web"]) == "web-012345"
    assert free_name("web", DIGEST, ["web", "web-012345"]) == "web-0123456"


@pytest.mark.parametrize(
    "url",
    [
        "git@github.com:acme/web.git",
        "github.com:acme/web",
        "https://github.com/acme/web",
        "https://GitHub.com/acme/web.git/",
        "https://ines:s3cret@github.com/acme/web.git",
        "https://ines:p@ss:w0rd@github.com/acme/web.git",
        "ssh://git@github.com:22/acme/web.git",
        "git+ssh://git@github.com/acme/web",
        " https://github.com//acme/web.git\n",
    ],
)
def test_a_remote_has_one_name(url: str) -> None:
    assert remote_name(url) == "github.com/acme/web"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/srv/git/web.git", "/srv/git/web"),
        ("file:///srv/git/web.git", "/srv/git/web"),
        ("../web", "../web"),
        ("/srv/host:1/web", "/srv/host:1/web"),
        ("C:/work/web", "C:/work/web"),
        ("https://github.com/Acme/Web", "github.com/Acme/Web"),
    ],
)
def test_other_remotes_keep_their_paths(url: str, expected: str) -> None:
    assert remote_name(url) == expected


WORDS = st.text("abcdefgh:@+%.", min_size=1, max_size=8)


@given(scheme=st.sampled_from(["https", "ssh", "ftp", "http", "odd scheme", ""]), user=WORDS, path=WORDS)
def test_no_password_is_left_in_a_name(scheme: str, user: str, path: str) -> None:
    assert "S3CRET" not in remote_name(f"{scheme}://{user}:S3CRET@example.org/{path}")


def test_remotes_are_sorted_and_each_there_once() -> None:
    urls = ["https://b.org/x", None, "", "git@a.org:y", "https://b.org/x.git"]
    assert remote_names(urls) == ("a.org/y", "b.org/x")


@pytest.mark.parametrize("path", ["/h/web", "/h/web/", "D:\\h\\web", "D:\\h\\web\\"])
def test_the_last_part_of_a_path_of_any_system(path: str) -> None:
    assert last_part(path) == "web"
