"""Each command that speaks to the daemon: what it asks, what it prints for people, and what for programs."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cli_runs import Run
from stub_daemon import Answer, Request, StubDaemon

from sidecar.cli.session import resume_words
from sidecar.errors import FieldError, UnknownMemory

ID = "01M7WTWTW08H7W2R5T6Y5XK2QC"

MEMORY = {
    "id": ID,
    "type": "instruction",
    "summary": "The web workspace uses pnpm, never npm.",
    "content": "Use pnpm in the web workspace.\nnpm breaks the lockfile.",
    "sessionId": "3f0c",
    "createdAt": "2020-11-20T16:02:11Z",
    "updatedAt": "2020-11-20T16:02:11Z",
    "key": "web/package-manager",
    "status": "active",
    "profile": "local/web",
    "path": "instructions/web/package-manager-5xk2qc.md",
    "source": {"origin": "transcript", "agent": "claude-code", "speaker": "user", "messages": ["a", "b"], "by": None},
    "sha256": "00",
    "tags": ["build"],
    "pinned": False,
}

CANDIDATE = {
    "id": ID,
    "summary": "The web workspace uses pnpm, never npm.",
    "sessionId": "3f0c",
    "score": 0.83,
    "kind": "memory",
    "type": "instruction",
    "content": "Use pnpm in the web workspace.",
    "profile": "local/web",
    "path": "instructions/web/package-manager-5xk2qc.md",
    "observed": "2026-11-20T15:58:40Z",
    "speaker": "user",
    "age_days": 3,
    "truncated": False,
}

RECALL = {"count": 1, "answer": "Use pnpm in the web workspace.", "candidates": [CANDIDATE]}

STATUS: dict[str, Any] = {
    "version": "0.1.0",
    "commit": None,
    "pid": 4711,
    "uptime_s": 7300,
    "settled": False,
    "queue": {"pending": 2, "running": 1, "parked": 0},
    "backfill": {"done": 30, "total": 120},
    "extractor": {"name": "rules", "state": "ready", "hint": None},
    "index": {"generation": 7, "lag_ms": 3, "degraded": []},
    "profiles": [{"name": "web", "namespace": "local", "memories": 1, "messages": 4000}],
    "agents": [{"name": "codex", "path": "/h/.codex/sessions", "sessions": 1, "unknown_records": 2}],
    "formats": [
        {
            "agent": "codex",
            "files": 1,
            "unknown_records": 2,
            "kinds": {"novelty": 2},
            "damaged": 0,
            "flagged": 1,
            "versions": {"9.0.0": 3},
            "newest_known": "0.154",
        }
    ],
    "bad_files": [{"path": "local/web/facts/x.md", "line": 3, "reason": "a key stands twice"}],
    "services": [
        {"name": "watch", "state": "running", "since": "2026-11-20T15:58:40Z", "error": None},
        {"name": "extract", "state": "failed", "since": "2026-11-20T15:58:40Z", "error": "no space left"},
    ],
}


def test_recall_prints_the_answer_and_where_it_comes_from(stub: StubDaemon, served: Run, place: Path) -> None:
    stub.on("POST", "/v1/recall", Answer(RECALL, messages=[{"code": 1200, "message": "degraded: no model"}]))
    done = served("recall", "which", "package manager?", "--level", "high", "--type", "fact", "--type", "event")
    assert done.code == 0
    assert done.out.splitlines() == [
        "Use pnpm in the web workspace.",
        "",
        "  1. The web workspace uses pnpm, never npm.",
        f"     instruction · 3 d ago · said by user · score 0.830 · local/web · {ID}",
    ]
    assert done.err == "note: degraded: no model\n"
    assert stub.requests[0].body == {
        "query": "which package manager?",
        "thinkingLevel": "high",
        "types": ["fact", "event"],
        "cwd": str(place),
    }


def test_recall_passes_its_filters_and_budget_on(stub: StubDaemon, served: Run) -> None:
    stub.on("POST", "/v1/recall", Answer(RECALL, messages=[{"code": 1200, "message": "budget: 1 of 2 left out"}]))
    dates = ("--since", "2026-09-01", "--before", "2026-09-30", "--at", "2026-10-01")
    done = served("recall", "x", "--tag", "ci", "--tag", "build", "--session", "s1", "--budget", "800", *dates)
    assert done.err == "note: budget: 1 of 2 left out\n"
    body = stub.requests[0].body
    assert (body["tags"], body["sessionId"], body["budget"]) == (["ci", "build"], "s1", 800)
    assert (body["since"], body["before"], body["at"]) == ("2026-09-01", "2026-09-30", "2026-10-01")
    assert "explain" not in body


def test_recall_without_an_answer_is_no_failure(stub: StubDaemon, served: Run) -> None:
    stub.on("POST", "/v1/recall", Answer({"count": 0, "answer": "", "candidates": []}))
    done = served("recall", "chess")
    assert (done.code, done.out, done.err) == (0, "Nothing that is known answers this.\n", "")


def test_recall_explain_shows_each_channel_in_a_table(stub: StubDaemon, served: Run) -> None:
    channels = {"keyword": {"rank": 1, "score": 12.5}, "vector": {"rank": 4, "score": 0.61}}
    candidates = [{**CANDIDATE, "channels": channels}, {**CANDIDATE, "id": "m1", "kind": "message", "channels": {}}]
    stub.on("POST", "/v1/recall", Answer({"count": 2, "answer": "", "candidates": candidates}))
    done = served("recall", "x", "--explain")
    assert done.out.splitlines()[-4:] == [
        "Channels (rank and score)",
        "#  id                          score   keyword    vector",
        f"1  {ID}   0.83  1 (12.5)  4 (0.61)",
        "2  m1                           0.83         -         -",
    ]
    assert stub.requests[0].body["explain"] is True


def test_recall_explain_shows_terms_gate_and_channels_of_the_whole(stub: StubDaemon, served: Run) -> None:
    explanation = {
        "form": "question",
        "terms": {"chess": 1.25},
        "everyday": [],
        "period": {"start": "2026-11-23", "end": "2026-11-29"},
        "gate": {"open": False, "why": "nothing is near enough", "evidence": 0.31, "needed": 0.5},
        "reasons": [
            {"why": "how near the nearest are in meaning", "evidence": 0.63},
            {"why": "it asks as one asks about the world", "evidence": -0.32},
        ],
        "channels": {"keyword": {"weight": 1.0, "found": 3}},
        "withheld": [{"score": 0.42, "summary": "Knights \x1b[31mare red."}],
        "milliseconds": {"analyse": 0.21, "total": 2.5},
    }
    stub.on("POST", "/v1/recall", Answer({"count": 0, "answer": "", "candidates": [], "explanation": explanation}))
    assert served("recall", "chess", "--explain").out.splitlines() == [
        "Nothing that is known answers this.",
        "",
        "Channels (rank and score)",
        "#  id      score  keyword",
        "   weight               1",
        "   found                3",
        "",
        "Gate shut: nothing is near enough",
        "+0.63  how near the nearest are in meaning",
        "-0.32  it asks as one asks about the world",
        " 0.31  together; a question needs 0.5",
        "",
        "Withheld (1 candidate that an open gate would have let through first)",
        "0.42  Knights \N{REPLACEMENT CHARACTER}[31mare red.",
        "",
        "Looked for",
        "terms  chess 1.25",
        "days   2026-11-23 to 2026-11-29",
        "",
        "Time analyse 0.2 ms · total 2.5 ms",
    ]


def test_status_says_that_extraction_is_paused(stub: StubDaemon, served: Run) -> None:
    paused = {"name": "rules", "state": "paused", "hint": "Go on with `sidecar resume`."}
    stub.on("GET", "/v1/status", Answer({**STATUS, "extractor": paused}))
    assert served("status").out.splitlines()[0].endswith("paused")


def test_status_counts_the_sessions_of_an_agent_once_however_many_folders_it_has(stub: StubDaemon, served: Run) -> None:
    places = ("/h/.codex/sessions", "/h/.codex/archived_sessions")
    rows = [{"name": "codex", "path": path, "sessions": 3, "unknown_records": 0} for path in places]
    stub.on("GET", "/v1/status", Answer({**STATUS, "agents": rows}))
    told = [line for line in served("status").out.splitlines() if line.startswith("agent")]
    assert told == ["agent      codex · /h/.codex/sessions, /h/.codex/archived_sessions · 3 sessions"]


def test_status_tells_what_the_archive_keeps_and_what_it_let_go_of(stub: StubDaemon, served: Run) -> None:
    archive: dict[str, Any] = {"messages": 2608, "text_bytes": 2_096_689, "file_bytes": 4_132_864}
    limits = {"enabled": True, "keep_days": None, "max_mb": 2048}
    stub.on("GET", "/v1/status", Answer({**STATUS, "archive": {**archive, "let_go": 0, **limits}}))
    assert "archive    2,608 messages · 2.0 of 2,048 MB, on disk 3.9 MB" in served("status").out.splitlines()
    limits = {"enabled": False, "keep_days": 30, "max_mb": 2}
    stub.on("GET", "/v1/status", Answer({**STATUS, "archive": {**archive, "let_go": 1, **limits}}))
    (told,) = [line for line in served("status").out.splitlines() if line.startswith("archive")]
    assert told.endswith("kept for 30 days · none is kept once it is extracted · 1 message let go")


def test_json_is_the_result_alone(stub: StubDaemon, served: Run) -> None:
    stub.on("POST", "/v1/recall", Answer(RECALL))
    stub.on("GET", "/v1/status", Answer(STATUS))
    stub.on("GET", "/v1/memories", Answer([MEMORY]))
    assert json.loads(served("recall", "x", "--json").out) == RECALL
    assert json.loads(served("status", "--json").out) == STATUS
    assert json.loads(served("list", "--json").out) == [MEMORY]


def test_a_profile_by_name_replaces_the_folder(stub: StubDaemon, served: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDECAR_NAMESPACE", "team")
    stub.on("POST", "/v1/namespaces/team/profiles/web/recall", Answer(RECALL))
    stub.on("POST", "/v1/namespaces/other/profiles/web/summary", Answer({"summary": "## Key Facts\n"}))
    assert served("recall", "x", "--profile", "web").code == 0
    assert served("summary", "-p", "web", "--namespace", "other").out == "## Key Facts\n"
    done = served("recall", "x", "--namespace", "other")
    assert (done.code, done.err) == (2, "Error: --namespace needs --profile.\nTry: `sidecar recall --help`\n")


def test_remember_sends_what_was_given_and_says_what_was_kept(stub: StubDaemon, served: Run, place: Path) -> None:
    stub.on("POST", "/v1/remember", Answer(MEMORY))
    done = served("remember", "Use", "pnpm.", "--type", "instruction", "--tag", "build", "--pin")
    assert done.out.startswith("Remembered: The web workspace uses pnpm, never npm.\n")
    assert ID in done.out
    assert stub.requests[0].body == {
        "content": "Use pnpm.",
        "type": "instruction",
        "tags": ["build"],
        "pinned": True,
        "cwd": str(place),
    }
    assert served("remember", " ").code == 2


def test_list_shows_a_line_each_and_how_to_go_on(stub: StubDaemon, served: Run) -> None:
    stub.on("GET", "/v1/memories", Answer([MEMORY, {**MEMORY, "status": "superseded"}], {"cursor": "abc"}))
    done = served("list", "--type", "instruction", "--status", "all", "--limit", "2")
    first, second = done.out.splitlines()
    assert first.startswith(f"{ID}  instruction  ")
    assert first.endswith("y ago  The web workspace uses pnpm, never npm.")
    assert second.endswith("(superseded) The web workspace uses pnpm, never npm.")
    assert "--cursor abc" in done.err
    assert stub.requests[0].query.items() >= {"type": "instruction", "status": "all", "per_page": "2"}.items()


def test_show_prints_content_details_and_history(stub: StubDaemon, served: Run) -> None:
    message = {"id": "a", "role": "user", "content": "use pnpm", "time": "2020-11-20T15:58:40Z"}
    history = {"versions": [{**MEMORY, "observed": "2020-11-20T15:58:40Z"}], "messages": [message]}
    stub.on("GET", f"/v1/memories/{ID}", Answer({**MEMORY, "history": history}))
    done = served("show", ID, "--history")
    assert "Use pnpm in the web workspace.\nnpm breaks the lockfile.\n" in done.out
    assert "path       instructions/web/package-manager-5xk2qc.md" in done.out
    assert "source     origin: transcript, agent: claude-code, speaker: user, messages: a, b" in done.out
    assert "\nVersions, oldest first\n" in done.out
    assert "\n    > use pnpm\n" in done.out
    assert done.out.rstrip().endswith("(1 of 2 messages are not in the archive any more)")
    assert stub.requests[0].query["history"] == "1"


def test_forget_gives_the_reason_and_says_where_it_lies_now(stub: StubDaemon, served: Run) -> None:
    moved = {**MEMORY, "status": "forgotten", "path": "archive/instructions/web/package-manager-5xk2qc.md"}
    stub.on("POST", f"/v1/memories/{ID}/forget", Answer(moved))
    done = served("forget", ID, "--reason", "not true any more")
    assert done.out == f"Forgotten: {ID} (now archive/instructions/web/package-manager-5xk2qc.md)\n"
    assert stub.requests[0].body["reason"] == "not true any more"


def test_the_daemons_errors_become_two_lines_and_their_exit_code(stub: StubDaemon, served: Run) -> None:
    stub.on("GET", f"/v1/memories/{ID}", UnknownMemory(id=ID, profile="local/web"))
    stub.on("POST", "/v1/recall", FieldError(field="query", problem="is too long"))
    done = served("show", ID)
    assert (done.code, done.out) == (4, "")
    assert done.err == f"Error: There is no memory {ID} in profile local/web.\nTry: {UnknownMemory.hint}\n"
    assert served("recall", "x").code == 2


def test_search_prints_who_said_it_and_when(stub: StubDaemon, served: Run) -> None:
    message = {
        **CANDIDATE,
        "kind": "message",
        "type": None,
        "content": "hello\nplease\n\nuse pnpm, I beg you\nthanks\nbye",
        "observed": "2020-03-04T09:00:00Z",
        "agent": "claude-code",
        "profile": "web",
        "before": {"speaker": "assistant", "content": "Which one?"},
        "after": None,
        "resume": {"command": "claude --resume 3f0c", "cwd": "/home/ines/my web", "note": ""},
    }
    stub.on("POST", "/v1/search", Answer({"count": 1, "candidates": [message]}))
    done = served("search", "use", "pnpm", "--session", "3f0c", "--limit", "3")
    first, *rest = done.out.splitlines()
    assert re.fullmatch(r"user · 2020-03-04, \d+ y ago · claude-code · web", first)
    assert rest == [
        "  (before, assistant) Which one?",
        "  please",
        "  use pnpm, I beg you",
        "  thanks",
        "  session 3f0c",
        "  resume: cd '/home/ines/my web' && claude --resume 3f0c",
        "",
        "1 message",
    ]
    assert stub.requests[0].body.items() >= {"query": "use pnpm", "sessionId": "3f0c", "limit": 3}.items()
    stub.on("POST", "/v1/search", Answer({"count": 0, "candidates": []}))
    assert served("search", "nothing").out == "No message matches.\n"


def test_search_is_narrowed_by_agent_project_and_time(stub: StubDaemon, served: Run, place: Path) -> None:
    stub.on("POST", "/v1/search", Answer({"count": 0, "candidates": []}))
    (place / "shop").mkdir()
    served("search", "x", "--agent", "codex", "--project", "shop", "--since", "2026-11-20")
    served("search", "x", "--project", "web", "--all")
    served("search", "x", "--project", "./gone", "--since", "2W")
    bodies = [request.body for request in stub.requests]
    narrowed = {"agent": "codex", "since": "2026-11-20"}
    assert bodies[0] == {"query": "x", "limit": 10, "cwd": str(place / "shop"), **narrowed}
    assert bodies[1] == {"query": "x", "limit": 10, "profile": "web", "namespace": "local", "everywhere": True}
    assert bodies[2]["cwd"] == str(place / "gone")
    two_weeks = datetime.now(UTC) - datetime.fromisoformat(bodies[2]["since"])
    assert timedelta(days=14) <= two_weeks < timedelta(days=14, minutes=5)
    assert served("search", "x", "--project", "web", "--profile", "web").code == 2
    assert served("search", "x", "--since", "99999y").code == 2
    refused = served("search", "x", "--since", "yesterday")
    assert (refused.code, "12h, 7d, 2w" in refused.err) == (2, True), "what can be given, not what the API takes"
    served("search", "x", "--since", "12h")
    half_a_day = datetime.now(UTC) - datetime.fromisoformat(stub.requests[-1].body["since"])
    assert timedelta(hours=12) <= half_a_day < timedelta(hours=12, minutes=5)


@pytest.mark.parametrize(
    ("resume", "told"),
    [
        ({"command": None, "cwd": "/w", "note": "Aider keeps no sessions."}, ["resume: Aider keeps no sessions."]),
        ({"command": "codex resume a", "cwd": None, "note": "It is gone."}, ["resume: codex resume a", "It is gone."]),
        ({}, []),
    ],
)
def test_how_to_go_on_is_said_where_there_is_a_way(resume: dict[str, Any], told: list[str]) -> None:
    assert list(resume_words(resume)) == told


SESSION: dict[str, Any] = {
    "agent": "codex",
    "session": "3f0c",
    "namespace": "local",
    "profile": "web",
    "cwds": ["/home/ines/web"],
    "started": "2026-11-20T09:00:00Z",
    "last_record": "2026-11-21T10:00:00Z",
    "paths": ["/t/3f0c.jsonl"],
    "total": 4,
    "forgotten": 1,
    "let_go": 2,
    "resume": {"command": "codex resume 3f0c", "cwd": "/home/ines/web", "note": ""},
}


def said(number: int, **fields: Any) -> dict[str, Any]:
    message = {"id": f"m{number}", "role": "user", "speaker": "user", "kind": "text", "time": None, "model": None}
    return {**message, "sidechain": False, "tool": None, "content": f"words {number}", **fields}


MESSAGES = [
    said(1, time="2026-11-20T09:00:00Z"),
    said(
        2, time="2026-11-20T09:01:00Z", role="assistant", speaker="assistant", model="m-1", content="Sure.\nOne\x1b[2J"
    ),
    said(
        3,
        time="2026-11-21T09:02:00Z",
        role="tool",
        speaker="tool",
        kind="tool",
        tool={"name": "shell", "command": "make test", "failed": True},
        content="$ make test\na\nb\nc\nd",
    ),
    said(4, sidechain=True),
]


def test_a_session_is_shown_as_it_went(stub: StubDaemon, served: Run) -> None:
    def page(request: Request) -> Answer:
        first = request.query.get("cursor") is None
        return Answer(
            {**SESSION, "messages": MESSAGES[:2] if first else MESSAGES[2:]}, info={"cursor": "x" if first else None}
        )

    stub.on("GET", "/v1/sessions/3f0c", page)
    done = served("show", "--session", "3f0c", "--agent", "codex")
    assert done.out.splitlines() == [
        "Session 3f0c",
        "codex · local/web · /home/ines/web · 2026-11-20 09:00 – 2026-11-21 10:00 · 4 messages",
        "resume: cd /home/ines/web && codex resume 3f0c",
        "",
        "2026-11-20",
        "",
        "09:00 · user",
        "  words 1",
        "",
        "09:01 · assistant · m-1",
        "  Sure.",
        "  One\ufffd[2J",
        "",
        "2026-11-21",
        "",
        "09:02 · shell · make test · failed",
        "    a",
        "    b",
        "    c",
        "    … 1 more line",
        "",
        "user · in a subagent",
        "  words 4",
        "",
        "1 message left out, because what was learned from it was forgotten.",
        "",
        "2 messages are not kept any more: see `archive` in the settings.",
    ]
    assert [request.query.get("agent") for request in stub.requests] == ["codex", "codex"]
    assert "    d" in served("show", "--session", "3f0c", "--full").out
    assert json.loads(served("show", "--session", "3f0c", "--json").out) == {**SESSION, "messages": MESSAGES}
    assert served("show").code == served("show", ID, "--session", "3f0c").code == 2
    served("show", "--session", "3f0c", "--profile", "web")
    assert stub.requests[-1].query["profile"] == "web"


def test_log_prints_commits(stub: StubDaemon, served: Run) -> None:
    entry = {"commit": "0123456789abcdef", "time": "2020-01-01T00:00:00Z", "author": "sidecar", "subject": "Learn x"}
    stub.on("GET", "/v1/log", Answer([entry]))
    done = served("log", ID, "--limit", "3")
    assert done.out.startswith("0123456789  ")
    assert done.out.endswith("Learn x  (sidecar)\n")
    assert stub.requests[0].query.items() >= {"id": ID, "limit": "3"}.items()


def test_ingest_sends_absolute_paths_and_tells_plan_and_problems(stub: StubDaemon, served: Run, place: Path) -> None:
    (place / "a.jsonl").touch()
    common = {"agent": "codex", "session": "s1", "profile": "web", "type": "fact", "key": "web/x", "status": "active"}
    planned = [
        {**common, "action": "add", "summary": "The api listens on 4310.", "why": "new"},
        {**common, "action": "supersede", "status": "superseded", "summary": "Old.", "why": "a newer version is known"},
        {**common, "action": "skip", "session": "s2", "status": None, "summary": "S", "why": "it is known already"},
    ]
    result = {
        "files": 1,
        "sessions": 2,
        "messages": 12,
        "extractor": "rules-1",
        "planned": planned,
        "counts": {"add": 1, "revise": 0, "supersede": 1, "skip": 1},
        "problems": [{"path": "/b.jsonl", "reason": "no conversation"}],
    }
    stub.on("POST", "/v1/transcripts", Answer(result))
    done = served("ingest", "a.jsonl", "--agent", "codex", "--dry-run")
    assert done.code == 0
    assert done.out.splitlines() == [
        "Would take in 2 sessions with 12 messages, learning by rules-1.",
        "  skipped    /b.jsonl: no conversation",
        "",
        "session s1 · codex",
        "  add        The api listens on 4310.",
        "             fact · web/x · web · new",
        "  supersede  Old.",
        "             fact · web/x · web · superseded · a newer version is known",
        "",
        "session s2 · codex",
        "  skip       S",
        "             fact · web/x · web · it is known already",
        "",
        "Would add 1, revise 0, supersede 1, skip 1.",
    ]
    assert stub.requests[0].body == {"paths": [str(place / "a.jsonl")], "agent": "codex", "dry_run": True}
    assert json.loads(served("ingest", "a.jsonl", "--dry-run", "--json").out) == result
    assert served("ingest", "missing.jsonl").code == 2


def test_ingest_fails_where_nothing_at_all_can_be_read(stub: StubDaemon, served: Run, place: Path) -> None:
    problems = [{"path": "/b.jsonl", "reason": "it may not be read"}, {"path": "/c.jsonl", "reason": "it is a dump"}]
    result = {"files": 0, "sessions": 0, "messages": 0, "planned": [], "counts": {}, "problems": problems}
    stub.on("POST", "/v1/transcripts", Answer(result))
    done = served("ingest", ".")
    assert done.code == 16
    assert "  skipped    /c.jsonl: it is a dump" in done.out
    assert done.err.startswith("Error: /b.jsonl cannot be read as a transcript: it may not be read\n")
    assert "Nor could 1 other." in done.err
    assert json.loads(served("ingest", ".", "--json").out) == result
    stub.on("POST", "/v1/transcripts", Answer({**result, "files": 1}))
    assert served("ingest", ".").code == 0


def test_ingest_of_a_busy_database_says_to_try_again(stub: StubDaemon, served: Run, place: Path) -> None:
    problem = {"path": "/b.db", "reason": "its agent is writing to it at this moment", "hint": "Try again in a moment."}
    result = {"files": 0, "sessions": 0, "messages": 0, "planned": [], "counts": {}, "problems": [problem]}
    stub.on("POST", "/v1/transcripts", Answer(result))
    done = served("ingest", ".")
    assert done.code == 16
    assert done.err == (
        "Error: /b.db cannot be read as a transcript: its agent is writing to it at this moment\n"
        "Try: Try again in a moment.\n"
    )


def test_a_dry_run_without_an_extractor_says_that_nothing_would_be_learned(stub: StubDaemon, served: Run) -> None:
    result = {"files": 1, "sessions": 1, "messages": 2, "extractor": None, "planned": [], "problems": []}
    stub.on("POST", "/v1/transcripts", Answer(result))
    assert "Nothing would be learned" in served("ingest", ".", "--dry-run").out


def test_status_names_what_waits_and_what_is_wrong(stub: StubDaemon, served: Run) -> None:
    stub.on("GET", "/v1/status", Answer(STATUS))
    assert served("status").out.splitlines() == [
        "sidecar 0.1.0 · pid 4711 · up 2 h · working",
        "back-fill  ██████░░░░░░░░░░░░░░░░░░ 30 of 120 sessions",
        "queue      2 pending · 1 running",
        "extractor  rules · ready",
        "index      3 ms behind",
        "profile    local/web · 1 memory · 4,000 messages",
        "agent      codex · /h/.codex/sessions · 1 session · 2 records of unknown kinds",
        "format     codex · 2 records of unknown kinds in 1 file (novelty 2) · 1 file not understood · 3 files of newer"
        " versions (9.0.0; known up to 0.154)",
        "bad file   local/web/facts/x.md:3  a key stands twice",
        "service    extract · failed · no space left",
    ]


def test_status_watch_shows_each_change_until_the_daemon_goes(stub: StubDaemon, served: Run) -> None:
    states = iter([STATUS, STATUS, {**STATUS, "settled": True, "queue": {}, "backfill": {}}])

    def answer(_: Request) -> Any:
        state = next(states, None)
        return Answer(state) if state else UnknownMemory(id="", profile="")

    stub.on("GET", "/v1/status", answer)
    done = served("status", "--watch")
    assert done.out.count("sidecar 0.1.0") == 2
    assert "settled" in done.out
    assert done.code == 4


def test_the_switches_say_what_they_did(stub: StubDaemon, served: Run) -> None:
    for command in ("pause", "resume", "rebuild", "accept"):
        stub.on("POST", f"/v1/{command}", Answer({"done": True}))
        done = served(command)
        assert done.code == 0
        assert len(done.out.splitlines()) == 1
        assert json.loads(served(command, "--json").out) == {"done": True}


def test_what_is_stored_cannot_steer_the_terminal(stub: StubDaemon, served: Run) -> None:
    evil = {**CANDIDATE, "summary": "red\x1b[31m alert\x07\r", "content": "x"}
    stub.on("POST", "/v1/recall", Answer({"count": 1, "answer": "\x1b]0;title\x07hello", "candidates": [evil]}))
    done = served("recall", "x")
    assert not set("\x1b\x07\r") & set(done.out)


def test_an_empty_store_says_so_everywhere(stub: StubDaemon, served: Run) -> None:
    stub.on("GET", "/v1/memories", Answer([]))
    stub.on("GET", "/v1/log", Answer([]))
    stub.on("POST", "/v1/summary", Answer({"summary": ""}))
    assert served("list").out == "There are no memories here yet.\n"
    assert served("log").out == "There are no commits yet.\n"
    assert served("summary").out == "Nothing is known of this project yet.\n"


@pytest.mark.parametrize(
    "command",
    [
        ("recall", "x"),
        ("remember", "x"),
        ("search", "x"),
        ("list",),
        ("show", ID),
        ("forget", ID),
        ("forget", ID, "--purge", "--yes"),
        ("delete", ID),
        ("edit", ID),
        ("profiles",),
        ("summary",),
        ("log",),
        ("diff", "v1"),
        ("undo",),
        ("snapshot",),
        ("status",),
        ("status", "--watch"),
        ("pause",),
        ("resume",),
        ("rebuild",),
        ("accept",),
        ("ingest", "."),
        ("jobs",),
        ("jobs", "retry"),
        ("jobs", "drop", "s1"),
    ],
)
def test_without_a_daemon_every_client_says_how_to_start_one(run: Run, command: tuple[str, ...]) -> None:
    done = run(*command)
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("Error: No daemon answers on ")
    assert done.err.endswith("\nTry: Start it with `sidecar up --detach`.\n")
