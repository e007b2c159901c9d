"""`share`, `join` and `sync`: what they send, and what they say."""

from __future__ import annotations

from pathlib import Path

from cli_runs import Run
from stub_daemon import Answer, StubDaemon

from sidecar.errors import RemoteUnreachable

REMOTE = "git@example.org:team/web.git"
SHARED = {
    "remote": REMOTE,
    "files": [
        {"path": "facts/a.md", "id": "01M", "type": "fact", "status": "active", "summary": "Use\x1b pnpm."},
        {"path": "profile.yaml", "id": None, "type": None, "status": None, "summary": None},
    ],
    "forgotten": 1,
    "private": 2,
    "commits": 3,
}


def test_a_dry_run_lists_what_would_go_out(stub: StubDaemon, served: Run) -> None:
    stub.on("POST", "/v1/namespaces/local/profiles/web/share", Answer(SHARED))
    done = served("share", "web", REMOTE, "--dry-run")
    assert stub.requests[0].body == {"remote": REMOTE, "dry_run": True}
    listed, file, sums, stays = done.out.splitlines()
    assert listed.startswith("facts/a.md  Use")
    assert "\x1b" not in listed
    assert (file, sums) == ("profile.yaml", f"2 files would go out to {REMOTE}.")
    assert stays == "Stays here: 1 forgotten memory, 2 private files, the history of 3 commits."
    assert served("share", "web", REMOTE).out.splitlines()[0] == f"2 files went out to {REMOTE}."


def test_a_path_is_made_whole_and_an_address_is_not(stub: StubDaemon, served: Run, place: Path) -> None:
    stub.on("POST", "/v1/namespaces/local/join", Answer({"namespace": "local", "profile": "web", "merged": False}))
    for given, sent in (
        ("remotes/web.git", f"{place}/remotes/web.git"),
        ("/srv/web.git", "/srv/web.git"),
        ("https://example.org/web.git", "https://example.org/web.git"),
        ("example.org:web.git", "example.org:web.git"),
        (REMOTE, REMOTE),
    ):
        served("join", given, "--profile", "web")
        assert stub.requests[-1].body == {"remote": sent, "profile": "web", "cwd": str(place)}


def test_a_join_says_which_profile_it_is_and_of_which_project(stub: StubDaemon, served: Run) -> None:
    found = {"namespace": "local", "profile": "web", "merged": True, "project": "f" * 40, "pulled": 1, "pushed": 0}
    stub.on("POST", "/v1/namespaces/local/join", Answer(found))
    assert served("join", REMOTE).out == "The remote is merged with the profile local/web.\n"
    stub.on("POST", "/v1/namespaces/local/join", Answer({**found, "merged": False, "project": None}))
    assert "belongs to no project" in served("join", REMOTE).out


def test_a_sync_says_what_came_and_went(stub: StubDaemon, served: Run) -> None:
    row = {
        "namespace": "local",
        "profile": "web",
        "pulled": 1,
        "pushed": 2,
        "merged": True,
        "error": None,
        "hint": None,
    }
    failed = {**row, "profile": "work", "error": "The remote does not answer.", "hint": "Try later."}
    stub.on("POST", "/v1/sync", Answer([row, failed]))
    assert served("sync").out.splitlines() == [
        "local/web: 1 commit in, 2 commits out, merged",
        "local/work: The remote does not answer. Try later.",
    ]
    stub.on("POST", "/v1/namespaces/local/profiles/web/sync", Answer(row))
    assert served("sync", "web", "--accept").out == "local/web: 1 commit in, 2 commits out, merged\n"
    assert stub.requests[-1].body == {"accept": True}
    stub.on("POST", "/v1/sync", Answer([]))
    assert served("sync").out == "No profile is shared.\n"
    assert served("sync", "--accept").code == 2
    assert served("sync", "--purge", "yes").code == 2
    stub.on("POST", "/v1/namespaces/local/profiles/web/sync", RemoteUnreachable(remote=REMOTE, why="no route"))
    assert served("sync", "web").code == 7


def test_the_word_on_a_purge_is_passed_on_and_what_it_means_is_told(stub: StubDaemon, served: Run) -> None:
    row = {"namespace": "local", "profile": "web", "pulled": 0, "pushed": 2, "merged": False}
    stub.on("POST", "/v1/namespaces/local/profiles/web/sync", Answer(row))
    for word, told in (("yes", "forks and backups"), ("no", "nothing is exchanged")):
        assert told in served("sync", "web", "--purge", word).out
        assert stub.requests[-1].body == {"accept": False, "purge": word}
    assert served("sync", "web", "--purge", "maybe").code == 2
