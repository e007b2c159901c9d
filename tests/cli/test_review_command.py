"""`sidecar review`: what waits is shown whole, decided one by one, and a text from the editor is never lost."""

import json
import re
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from cli_runs import Run
from stub_daemon import Answer, Request, StubDaemon

from sidecar.errors import ChangedOnDisk, NotProposed, UnknownMemory

ONE, TWO, SAME = "01M7WTWTW08H7W2R5T6Y5XK2QC", "01M7WTWTW08H7W2R5T6Y5XAAAA", "01M6WTWTW08H7W2R5T6Y5XAAAA"


def proposal(identifier: str = ONE, **fields: Any) -> dict[str, Any]:
    source = {"origin": "transcript", "agent": "codex", "session": "3f0c", "speaker": "assistant", "messages": ["a"]}
    return {
        "id": identifier,
        "type": "instruction",
        "key": "web/package-manager",
        "summary": "Use pnpm.",
        "content": "Use pnpm.\nnpm breaks the lockfile.",
        "observed": "2020-11-20T15:58:40Z",
        "status": "proposed",
        "path": "instructions/web/package-manager-5xk2qc.md",
        "source": source,
        "sha256": "0" * 64,
        "why": "an agent said it, and nobody has confirmed it",
        "replaces": None,
        **fields,
    }


@pytest.fixture
def waiting(stub: StubDaemon) -> list[dict[str, Any]]:
    """What waits; two memories on two pages, and a daemon that decides about them."""
    memories = [proposal(ONE), proposal(TWO, summary="Deploy with make ship.", content="Deploy with make ship.")]

    def page(request: Request) -> Answer:
        at = int(request.query.get("cursor", 0))
        following = str(at + 1) if at + 1 < len(memories) else None
        return Answer(memories[at : at + 1], {"cursor": following})

    def decide(request: Request) -> Any:
        identifier = request.path.split("/")[-2]
        found = next((memory for memory in memories if memory["id"] == identifier), None)
        if found is None:
            return UnknownMemory(id=identifier, profile="local/web")
        state = "active" if request.body["decision"] == "accept" else "forgotten"
        return Answer({**found, "status": state})

    stub.on("GET", "/v1/review", page)
    for identifier in (ONE, TWO, SAME, "nope"):
        stub.on("POST", f"/v1/memories/{identifier}/review", decide)
    return memories


@pytest.fixture
def drafts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go."""
    folder = tmp_path / "drafts"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Use an editor that runs some lines of Python on the bytes of `path`."""

    def use(program: str) -> None:
        script = tmp_path / "my editor.py"
        script.write_text(f"import sys\nfrom pathlib import Path\npath = Path(sys.argv[1])\n{program}\n")
        monkeypatch.delenv("VISUAL", raising=False)
        monkeypatch.setenv("EDITOR", f"{sys.executable} '{script}'")

    return use


def sent(stub: StubDaemon) -> list[tuple[str, Any]]:
    return [(one.path.split("/")[-2], one.body) for one in stub.requests if one.path.endswith("/review") and one.body]


def test_everything_that_waits_is_shown_whole(stub: StubDaemon, served: Run, waiting: list[dict[str, Any]]) -> None:
    waiting[1]["replaces"] = {"id": SAME, "summary": "Deploy with scp."}
    done = served("review")
    assert done.code == 0
    assert done.out.splitlines()[:7] == [
        ONE,
        f"  instruction · web/package-manager · said by assistant · codex · session 3f0c · {_age(done.out)}",
        "  waits      an agent said it, and nobody has confirmed it",
        "",
        "    Use pnpm.",
        "    npm breaks the lockfile.",
        "",
    ]
    assert "  replaces   Deploy with scp.\n" in done.out
    assert "2 memories wait for review." in done.out


def _age(out: str) -> str:
    found = re.search(r"\d+ y ago", out)
    assert found is not None
    return found[0]


def test_json_is_the_list_of_all_pages(served: Run, waiting: list[dict[str, Any]]) -> None:
    assert json.loads(served("review", "--json").out) == waiting


def test_nothing_waits(stub: StubDaemon, served: Run) -> None:
    stub.on("GET", "/v1/review", Answer([]))
    assert served("review").out == "Nothing waits for review.\n"
    assert served("review", "accept", "--all").out == "Nothing waits for review.\n"
    assert json.loads(served("review", "accept", "--all", "--json").out) == []


def test_accept_and_reject_take_ids_and_ends_of_ids(
    stub: StubDaemon, served: Run, waiting: list[dict[str, Any]], place: Path
) -> None:
    done = served("review", "accept", ONE, "aaaa", TWO)
    assert done.code == 0
    assert [text.partition(" ")[0] for text in done.out.splitlines()] == ["Accepted:", "Accepted:"]
    body = {"decision": "accept", "expected_sha256": "0" * 64, "cwd": str(place)}
    assert sent(stub) == [(ONE, body), (TWO, body)]
    stub.requests.clear()
    done = served("review", "reject", "K2QC", "--reason", "a guess", "--json")
    assert [memory["status"] for memory in json.loads(done.out)] == ["forgotten"]
    assert sent(stub) == [(ONE, {**body, "decision": "reject", "reason": "a guess"})]


def test_an_end_that_two_ids_have_is_refused(served: Run, waiting: list[dict[str, Any]]) -> None:
    waiting.append(proposal(SAME))
    done = served("review", "accept", "AAAA")
    assert done.code == 2
    assert "2 memories" in done.err


def test_one_that_fails_keeps_back_no_other(stub: StubDaemon, served: Run, waiting: list[dict[str, Any]]) -> None:
    stub.on("POST", f"/v1/memories/{ONE}/review", ChangedOnDisk(path="facts/x.md"))
    done = served("review", "accept", "nope", ONE, TWO)
    assert done.code == 4
    assert done.out.startswith("Accepted: Deploy with make ship.")
    assert done.err.splitlines()[0] == "Error: facts/x.md has changed since it was read."
    assert "There is no memory nope" in done.err


def test_all_asks_on_a_terminal_and_needs_yes_elsewhere(
    stub: StubDaemon, served: Run, waiting: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert served("review", "reject", "--all").code == 2
    assert sent(stub) == []
    monkeypatch.setattr("sys.stdin", _Terminal("n\ny\n"))
    assert served("review", "reject", "--all").code == 130
    assert sent(stub) == []
    assert served("review", "reject", "--all").code == 0
    assert served("review", "accept", "--all", "--yes").code == 0
    assert [(identifier, body["decision"]) for identifier, body in sent(stub)] == [
        (ONE, "reject"),
        (TWO, "reject"),
        (ONE, "accept"),
        (TWO, "accept"),
    ]


class _Terminal:
    """Standard input of somebody who answers."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines(keepends=True)

    def isatty(self) -> bool:
        return True

    def readline(self, _size: int = -1) -> str:
        return self._lines.pop(0) if self._lines else ""


@pytest.mark.parametrize("arguments", [("accept",), ("reject", ONE, "--all"), ("edit",)])
def test_what_is_meant_must_be_said(served: Run, waiting: list[dict[str, Any]], arguments: tuple[str, ...]) -> None:
    assert served("review", *arguments).code == 2


def test_the_profile_may_stand_before_or_after_the_verb(stub: StubDaemon, served: Run) -> None:
    base = "/v1/namespaces/local/profiles/web"
    stub.on("GET", f"{base}/review", Answer([proposal()]))
    stub.on("POST", f"{base}/memories/{ONE}/review", Answer(proposal()))
    assert served("review", "--profile", "web", "accept", ONE).code == 0
    assert served("review", "accept", ONE, "--profile", "web").code == 0


def test_edit_accepts_what_was_corrected(
    stub: StubDaemon, served: Run, waiting: list[dict[str, Any]], drafts: Path, editor: Any, place: Path
) -> None:
    editor("path.with_suffix('.mode').write_text(oct(path.stat().st_mode))\npath.write_text('Use bun.\\n\\n')")
    done = served("review", "edit", ONE)
    assert (done.code, done.out.partition(" ")[0]) == (0, "Accepted:")
    body = {"decision": "accept", "content": "Use bun.", "expected_sha256": "0" * 64, "cwd": str(place)}
    assert sent(stub) == [(ONE, body)]
    (mode,) = drafts.iterdir()  # the draft itself is gone
    assert stat.S_IMODE(int(mode.read_text(), 8)) == 0o600


@pytest.mark.parametrize("program", ["", "path.write_bytes(path.read_bytes() + b'\\n')"])
def test_an_unchanged_text_decides_nothing(
    stub: StubDaemon, served: Run, waiting: list[dict[str, Any]], drafts: Path, editor: Any, program: str
) -> None:
    editor(program)
    done = served("review", "edit", ONE)
    assert (done.code, done.out) == (0, "")
    assert "still waits" in done.err
    assert sent(stub) == []
    assert list(drafts.iterdir()) == []


@pytest.mark.parametrize(
    ("program", "kept"),
    [
        ("path.write_text('')", False),
        ("path.write_text('x' * 40_000)", True),
        ("path.write_bytes(b'caf\\xe9')", True),
        ("path.write_text('half')\nsys.exit(1)", True),
        ("sys.exit(1)", False),
    ],
    ids=["empty", "too long", "not utf-8", "the editor failed", "the editor was left"],
)
def test_a_text_that_cannot_be_taken_is_kept_and_the_user_is_told_where(
    stub: StubDaemon,
    served: Run,
    waiting: list[dict[str, Any]],
    drafts: Path,
    editor: Any,
    program: str,
    kept: bool,
) -> None:
    editor(program)
    done = served("review", "edit", ONE)
    assert done.code == 2
    assert sent(stub) == []
    files = list(drafts.iterdir())
    assert bool(files) is kept
    for file in files:
        assert str(file) in done.err


def test_a_text_that_the_daemon_refuses_is_kept(
    stub: StubDaemon, served: Run, waiting: list[dict[str, Any]], drafts: Path, editor: Any
) -> None:
    stub.on("POST", f"/v1/memories/{ONE}/review", ChangedOnDisk(path="instructions/x.md"))
    editor("path.write_text('Use bun.')")
    done = served("review", "edit", ONE)
    (file,) = drafts.iterdir()
    assert done.code == 5
    assert file.read_text() == "Use bun."
    assert done.err.splitlines()[1].endswith(f"Your text is kept in {file}.")


def test_an_editor_that_is_not_there_is_named(
    served: Run, waiting: list[dict[str, Any]], drafts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISUAL", "no-such-editor")
    done = served("review", "edit", ONE)
    assert done.code == 2
    assert "no-such-editor" in done.err
    assert list(drafts.iterdir()) == []


def test_what_does_not_wait_is_not_opened(stub: StubDaemon, served: Run, waiting: list[dict[str, Any]]) -> None:
    stub.on("GET", f"/v1/memories/{SAME}", Answer(proposal(SAME, status="active")))
    done = served("review", "edit", SAME)
    assert (done.code, done.err.splitlines()[0]) == (5, f"Error: {NotProposed(id=SAME, status='active').message}")


def test_fifty_proposals_can_be_told_apart(stub: StubDaemon, served: Run) -> None:
    many = [proposal(f"01M7WTWTW08H7W2R5T6Y5X{number:04}", content=f"Rack {number} is full.") for number in range(50)]
    stub.on("GET", "/v1/review", Answer(many))
    done = served("review")
    assert all(f"    Rack {number} is full." in done.out for number in range(50))
    assert done.out.count("  waits ") == 50


def test_without_a_daemon_it_says_how_to_start_one(run: Run) -> None:
    for arguments in ((), ("accept", ONE), ("reject", "--all"), ("edit", ONE)):
        assert run("review", *arguments).code == 3
