"""Hits lost against false positives, as the gate's threshold moves: the curve for docs/benchmarks.md.

    python scripts/gate_curve.py FOLDER/dev                     # with the memories of a model that knows the labels
    python scripts/gate_curve.py FOLDER/dev --extractor rules   # with those that rules find
    … --write                                                   # also writes it into docs/benchmarks.md

FOLDER is as for `bench_sessions.py`.  Asked are the set's questions that have an answer, its unrelated prompts, and
those of `tests/recall/recall_prompts.py`, in one project after the other.  The daemon explains each answer: what
evidence it saw, what was needed, and what a shut gate has withheld.  So one run gives all thresholds.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "recall"))

from bench_sessions import PAGE, SETTLE_SECONDS, daemon, extractor, user
from recall_prompts import UNRELATED

from sidecar.client import Client, Profile

SHIFTS = (-0.3, -0.2, -0.15, -0.1, -0.05, 0.0, 0.05, 0.1, 0.15, 0.2, 0.3)
"""What is added to the evidence that is needed; 0 is what is shipped."""

FIRST = 5
"""Candidates among which a right one counts, as in the set's own score; a shut gate shows so many."""


@dataclass(frozen=True)
class Asked:
    """One prompt and what came of it: `found`: a right candidate is among the first, or would be were the gate open."""

    group: str
    open: bool
    margin: float | None
    found: bool

    def opens(self, shift: float) -> bool:
        """Whether the gate is open with so much more evidence needed; a rule that needs none stays."""
        return self.open if self.margin is None else self.margin >= shift


def ask(client: Client, cwd: str, prompt: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """A recall with its explanation."""
    return client.recall(Profile(cwd=cwd), prompt, explain=True, limit=10, **fields)


def asked(group: str, result: Mapping[str, Any], *, found: bool) -> Asked:
    """What came of a prompt."""
    gate = result["explanation"]["gate"]
    margin = round(gate["evidence"] - gate["needed"], 3) if gate["weighed"] else None
    return Asked(group, bool(gate["open"]), margin, found)


def questions(client: Client, tools: ModuleType, sessions: Path, home: Path) -> list[Asked]:
    """All prompts, asked."""
    note = json.loads((home / tools.NOTE).read_text(encoding="utf-8"))
    gold = tools.Gold(tools.load_gold(sessions, note))
    paths = sorted(note.get("paths", {}).items(), key=lambda pair: -len(pair[0]))
    found, places = [], []
    for question in gold.questions:
        cwd = _rendered(question.get("cwd") or "", paths)
        places.append(cwd)
        moment = tools.stamp(question.get("asked"))
        fields = {"referenceDate": moment} if moment else {}
        if question.get("at"):
            fields["at"] = tools.stamp(question["at"])
        result = ask(client, cwd, question["question"], fields)
        group = question["category"] if question["category"] in tools.NEGATIVE else "answerable"
        shown = (result["candidates"] or result["explanation"]["withheld"])[:FIRST]
        texts = [tools.candidate_text(one) for one in shown]
        hit = any(gold.hit(key, text) for key in question["keys"] for text in texts)
        found.append(asked(group, result, found=hit))
    projects = sorted(set(filter(None, places)))
    for number, prompt in enumerate(UNRELATED):
        result = ask(client, projects[number % len(projects)], prompt, {})
        found.append(asked("of the tests", result, found=False))
    return found


def _rendered(cwd: str, paths: Sequence[tuple[str, str]]) -> str:
    """A folder of the script where the renderer has put it."""
    for written, real in paths:
        if cwd == written or cwd.startswith(f"{written}/"):
            return real + cwd[len(written) :]
    return cwd


def curve(found: Sequence[Asked]) -> str:
    """The table in Markdown."""
    groups = {name: [one for one in found if one.group == name] for name in ("answerable", "unrelated", "of the tests")}
    right = [one for one in groups["answerable"] if one.found]
    noise = [*groups["unrelated"], *groups["of the tests"]]
    lines = [
        f"{len(groups['answerable'])} questions with an answer, of which {len(right)} have it among the first {FIRST} "
        f"candidates if the gate lets all through; {len(groups['unrelated'])} unrelated prompts of the set, "
        f"{len(groups['of the tests'])} of the tests.",
        "",
        f"| evidence needed | hit@{FIRST} | hits lost | unrelated, of the set | of the tests | false positives |",
        "|---|---|---|---|---|---|",
    ]
    for shift in SHIFTS:
        hits = sum(one.opens(shift) for one in right)
        opened = [f"{_share(groups[name], shift):.1%}" for name in ("unrelated", "of the tests")]
        name = f"{shift:+.2f}" if shift else "**as shipped**"
        lines.append(
            f"| {name} | {hits / max(1, len(groups['answerable'])):.3f} | {1 - hits / max(1, len(right)):.1%} "
            f"| {opened[0]} | {opened[1]} | {_share(noise, shift):.1%} |"
        )
    return "\n".join(lines)


def _share(prompts: Sequence[Asked], shift: float) -> float:
    return sum(one.opens(shift) for one in prompts) / max(1, len(prompts))


def scorer(folder: Path) -> ModuleType:
    """The set's own scorer, which knows what a right candidate is."""
    spec = importlib.util.spec_from_file_location("score_sessions", folder / "score_sessions.py")
    if spec is None or spec.loader is None:
        sys.exit(f"there is no {folder / 'score_sessions.py'}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Render, learn, ask, and print the curve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sessions", type=Path, help="folder with the scripts, such as sessions/dev")
    parser.add_argument("--extractor", choices=("rules", "oracle"), default="oracle", help="what extracts")
    parser.add_argument("--write", action="store_true", help="write the table into docs/benchmarks.md")
    options = parser.parse_args()
    sessions = options.sessions.resolve()
    tools = scorer(sessions.parent)
    with tempfile.TemporaryDirectory(prefix="sidecar-gate-") as folder, extractor(options, sessions) as settings:
        home = Path(folder)
        render = [sys.executable, str(sessions.parent / "render_sessions.py"), str(sessions), str(home), "--repos"]
        subprocess.run(render, check=True, stdout=subprocess.DEVNULL)
        with daemon(home, {**settings, "LOGNAME": user(sessions)}, SETTLE_SECONDS) as socket:
            found = questions(Client(socket, timeout=60), tools, sessions, home)
    table = curve(found)
    sys.stdout.write(f"{table}\n")
    if options.write:
        begin, end = (f"<!-- gate-{options.extractor}:{edge} -->" for edge in ("begin", "end"))
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(f"{begin}\n")
        PAGE.write_text(f"{before}{begin}\n{table}\n{end}{rest.partition(end)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
