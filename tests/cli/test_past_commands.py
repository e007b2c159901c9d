"""What `log`, `diff`, `undo`, `snapshot`, `forget`, `delete` and `profiles` send and print."""

from __future__ import annotations

import json

import pytest
from cli_runs import Run
from stub_daemon import Answer, StubDaemon

ID = "01M7WTWTW08H7W2R5T6Y5XK2QC"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
GONE = {"id": ID, "profile": "web", "type": "fact", "status": "active", "summary": "Use pnpm.", "path": "facts/a.md"}
PREVIEW = {
    "action": "purge",
    "memories": [GONE],
    "files": ["facts/a.md"],
    "messages": 2,
    "commits": 3,
    "refs": ["refs/heads/main"],
    "remotes": ["origin/main"],
    "transcripts": ["/home/ines/.claude/a.jsonl"],
    "related": [{**GONE, "id": "01M8", "summary": "Use npm."}],
}


def test_log_tells_why_and_whence(stub: StubDaemon, served: Run) -> None:
    entry = {
        "commit": COMMIT, "time": "2020-11-20T16:02:11Z", "author": "sidecar", "subject": "7 changes: learned",
        "memories": [ID], "session": "s-1", "agent": "codex", "why": "learned from codex",
        "changes": [f"Add fact {number}: new" for number in range(7)],
    }  # fmt: skip
    stub.on("GET", "/v1/log", Answer([entry]))
    out = served("log").out
    assert "learned from codex · codex s-1" in out
    assert "- Add fact 0: new" in out
    assert "Add fact 6" not in out
    assert "and 2 more" in out


def test_diff_is_a_table_or_a_patch(stub: StubDaemon, served: Run) -> None:
    rows = [
        {"id": ID, "change": "moved", "path": "b.md", "before_path": "a.md", "summary": "Use pnpm."},
        {"id": None, "change": "added", "path": "README.md", "before_path": None, "summary": None},
    ]
    result = {"before": COMMIT, "after": COMMIT, "memories": rows, "patch": "--- a\n+++ b\n", "truncated": True}
    stub.on("GET", "/v1/diff", Answer(result))
    first, second = served("diff", "v1").out.splitlines()
    assert first.split() == ["moved", ID, "Use", "pnpm."]
    assert second.split() == ["added", "README.md"]
    done = served("diff", "v1", "v2", "--patch")
    assert done.out == "--- a\n+++ b\n"
    assert "goes on" in done.err
    assert stub.requests[-1].query.items() >= {"before": "v1", "after": "v2"}.items()
    stub.on("GET", "/v1/diff", Answer({**result, "memories": []}))
    assert served("diff", "v1").out == "Nothing differs.\n"


def test_undo_says_what_it_did(stub: StubDaemon, served: Run) -> None:
    result = {"commit": "f" * 40, "undone": [COMMIT], "memories": [ID], "paths": ["facts/a.md"]}
    stub.on("POST", "/v1/undo", Answer(result))
    assert served("undo", COMMIT).out.splitlines()[:2] == ["Undone: 0123456789", "  facts/a.md"]
    assert stub.requests[-1].body["commit"] == COMMIT
    assert json.loads(served("undo", "--json").out) == result
    assert "commit" not in stub.requests[-1].body


def test_snapshot_names_and_lists(stub: StubDaemon, served: Run) -> None:
    made = {"name": "before-move", "commit": COMMIT, "time": "2020-11-20T16:02:11Z", "note": ""}
    stub.on("POST", "/v1/snapshots", Answer(made))
    stub.on("GET", "/v1/snapshots", Answer([made]))
    assert served("snapshot", "before-move").out.startswith("Snapshot before-move of 0123456789.")
    assert served("snapshot").out.split()[:2] == ["before-move", "0123456789"]
    stub.on("GET", "/v1/snapshots", Answer([]))
    assert "no snapshots" in served("snapshot").out


def test_forget_with_purge_shows_and_needs_a_yes_where_nobody_can_be_asked(stub: StubDaemon, served: Run) -> None:
    stub.on("POST", "/v1/removal", Answer(PREVIEW))
    result = {"ids": [ID], "old": COMMIT, "new": COMMIT, "commits": 3, "messages": 2, "trash": 0,
              "remotes": ["origin/main"], "transcripts": [], "remaining": ["abc"]}  # fmt: skip
    stub.on("POST", "/v1/purge", Answer(result))
    done = served("forget", ID, "--purge")
    assert done.code == 2
    assert "--yes" in done.err
    assert [request.path for request in stub.requests] == ["/v1/removal"]
    assert "Use pnpm." in done.out
    assert "Use npm." in done.out
    assert "1 file, 2 archived messages, 3 commits to be written anew" in done.out
    assert "Still held by origin/main" in done.out
    assert "/home/ines/.claude/a.jsonl" in done.out
    done = served("forget", ID, "--purge", "--yes")
    assert done.code == 0
    assert "3 commits written anew, 2 messages removed" in done.out
    assert "Still held by origin/main" in done.out.partition("Purged")[2]
    assert "abc" in done.err
    assert stub.requests[-1].body["ids"] == [ID]
    assert json.loads(served("forget", ID, "--purge", "--yes", "--json").out) == result
    assert served("forget", ID, "--purge", "--reason", "x").code == 2


@pytest.mark.parametrize("command", [("forget", ID), ("delete", ID), ("forget", ID, "--purge")])
def test_a_dry_run_only_asks(stub: StubDaemon, served: Run, command: tuple[str, ...]) -> None:
    stub.on("POST", "/v1/removal", Answer(PREVIEW))
    assert served(*command, "--dry-run").code == 0
    assert json.loads(served(*command, "--dry-run", "--json").out) == PREVIEW
    assert {request.path for request in stub.requests} == {"/v1/removal"}


def test_delete_takes_ids_or_a_session_of_a_named_profile(stub: StubDaemon, served: Run) -> None:
    stub.on("DELETE", f"/v1/memories/{ID}", Answer(GONE))
    assert served("delete", ID).out == f"Deleted: {ID} (facts/a.md)\n"
    assert served("delete").code == 2
    assert served("delete", ID, "--session", "s").code == 2
    assert served("delete", "--session", "s", "--yes").code == 2
    base = "/v1/namespaces/local/profiles/web"
    stub.on("POST", f"{base}/removal", Answer({**PREVIEW, "action": "session"}))
    stub.on("DELETE", f"{base}/sessions/s%2F1", Answer())
    done = served("delete", "--session", "s/1", "--profile", "web", "--yes")
    assert done.code == 0, done.err
    assert done.out.endswith("Deleted: session s/1\n")


def test_profiles_are_listed_and_deleted(stub: StubDaemon, served: Run) -> None:
    shape = {"name": "web", "namespace": "local", "memories": 1, "messages": 12}
    stub.on("GET", "/v1/namespaces/local/profiles", Answer([shape]))
    assert served("profiles").out.split("  ")[0] == "web"
    base = "/v1/namespaces/local/profiles/web"
    stub.on("POST", f"{base}/removal", Answer({**PREVIEW, "action": "profile"}))
    stub.on("DELETE", base, Answer())
    assert served("profiles", "delete", "web", "--dry-run").code == 0
    assert served("profiles", "delete", "web").code == 2
    assert [request.method for request in stub.requests if request.method == "DELETE"] == []
    assert "trash" in served("profiles", "delete", "web", "--yes").out


def test_recall_sends_when(stub: StubDaemon, served: Run) -> None:
    stub.on("POST", "/v1/recall", Answer({"count": 0, "answer": "", "candidates": []}))
    served("recall", "--at", "before-move", "which port")
    assert stub.requests[-1].body["at"] == "before-move"
