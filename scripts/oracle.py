"""A model that knows the answers: it speaks for the gold labels of a set of scripted sessions.

`bench_sessions.py --extractor oracle` extracts with it, so that what is measured is the pipeline around a model: what
it loses, doubles, mixes up or lets through, however good the model is.  It finds each gold memory in the lines that it
is shown, states the gold claim, and says of two statements what the labels say of them.  It makes up no queries and no
keywords: those of the labels would help recall as no model could.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "fakes"))

from fake_ollama import ChatRequest, Reply

MODEL = "oracle:gold"

_LINE = re.compile(
    r"^\[(\d+)\] (?:\S+ \S+ \S+ )?(user|assistant|tool)(?: \(subagent\))?( \(earlier\))?: (.*)$", re.MULTILINE
)
_LISTED = re.compile(r"^(\d+)\. (.+?)(?: \(lines [\d, ]+\))?$", re.MULTILINE)
_BROKEN = "¦"  # breaks up made-up secrets in the scripts
_SHARE = 0.8
"""Words of a line that must stand in a turn, for the line to be of that turn; redaction changes some."""


@dataclass(frozen=True)
class Gold:
    """One labelled memory, with the words of the turn that says it; `topic` is the first of its chain of versions."""

    name: str
    topic: str
    label: Mapping[str, Any]
    turn: str

    @property
    def claim(self) -> str:
        """The statement."""
        return _plain(self.label["claim"])

    def is_said_in(self, line: str) -> bool:
        """Whether a line of a transcript is of the turn that says it."""
        words, said = _words(line), _words(self.turn)
        return len(words & said) >= min(3, len(said)) and len(words & said) >= _SHARE * len(words)

    def is_stated_by(self, text: str) -> bool:
        """Whether a text has all the words by which the memory is recognized."""
        return all(any(_begins(word, text) for word in group) for group in self.label["match"])

    def carries(self, line: str) -> bool:
        """Whether a line has any of the words by which the memory is recognized."""
        alternatives = [word for group in self.label["match"] for word in group]
        return any(word.casefold() in line.casefold() for word in alternatives)


class Oracle:
    """Answers what an extractor asks, from the labels of a folder of scripts."""

    def __init__(self, sessions: Path) -> None:
        self._gold = [gold for script in sorted(sessions.glob("*.yaml")) for gold in _read(script)]
        self._by_claim = {gold.claim: gold for gold in self._gold}

    def answer(self, request: ChatRequest) -> Reply:
        """The answer to one question of the extractor, known by the name of its form."""
        match request.title:
            case "Statements":
                return Reply.json({"statements": list(self._stated(request.prompt, typed=True))})
            case "Details":
                return Reply.json({"details": list(self._stated(request.prompt, typed=False))})
            case "Verification":
                numbers = [int(number) for number, _ in _LISTED.findall(request.prompt)]
                return Reply.json({"checks": [{"number": number, "verdict": "passed"} for number in numbers]})
            case "Classification":
                return Reply.json({"items": list(self._classified(request.prompt))})
            case "Relation":
                return Reply.json({"relation": self._relation(request.prompt)})
        return Reply.failed(400, f"the oracle was not told about {request.title}")

    def _stated(self, prompt: str, *, typed: bool) -> Iterator[dict[str, object]]:
        lines = [(int(number), text) for number, _, earlier, text in _LINE.findall(prompt) if not earlier]
        for gold in self._gold:
            said = [(number, text) for number, text in lines if gold.is_said_in(text)]
            cited = [number for number, text in said if gold.carries(text)]
            if cited:
                kind = {"type": gold.label["type"]} if typed else {}
                yield {"content": gold.claim, "lines": cited, **kind}

    def _classified(self, prompt: str) -> Iterator[dict[str, object]]:
        for number, text in _LISTED.findall(prompt):
            gold = self._by_claim.get(text)
            if gold is not None:
                yield {
                    "number": int(number),
                    "key": gold.topic,
                    "summary": "",
                    "keywords": [],
                    "queries": [],
                    "type": gold.label["type"],
                    "scope": gold.label["scope"],
                    "occurred": str(gold.label.get("occurred") or ""),
                }

    def _relation(self, prompt: str) -> str:
        """What the labels say of two statements; the known one may be told in the words of the session."""
        known, new = (_after(prompt, f"{which} statement, of ") for which in ("Known", "New"))
        told = self._by_claim.get(new)
        if told is None:
            return "different"
        exact = self._by_claim.get(known)
        if exact is told or (exact is None and told.is_stated_by(known)):
            return "same"
        versions = [gold for gold in self._gold if gold.topic == told.topic and gold is not told]
        changed = any(gold is exact or (exact is None and gold.is_stated_by(known)) for gold in versions)
        return "changed" if changed else "different"


def _read(script: Path) -> Iterator[Gold]:
    data = yaml.safe_load(script.read_text(encoding="utf-8"))
    project = data["project"]["name"]
    turns = {session["id"]: session["turns"] for session in data["sessions"]}
    labels = {label["id"]: label for label in data["gold"]["memories"]}
    for name, label in labels.items():
        turn = turns[label["session"]][label["turn"]]
        yield Gold(name, f"{project}/{_first(name, labels).lower()}", label, _plain(_said(turn)))


def _said(turn: Mapping[str, Any]) -> str:
    """What a turn says; of one in which a subagent worked, what it reported at last."""
    reports = [str(told["assistant"]) for told in turn.get("sidechain", ()) if "assistant" in told]
    return next((value for value in turn.values() if isinstance(value, str)), reports[-1] if reports else "")


def _first(name: str, labels: Mapping[str, Mapping[str, Any]]) -> str:
    """The oldest version of the chain that a memory stands in."""
    older = labels[name].get("supersedes")
    return name if older is None else _first(older, labels)


def _after(prompt: str, start: str) -> str:
    """The statement on the line that begins so, behind its date."""
    lines: Sequence[str] = [line for line in prompt.splitlines() if line.startswith(start)]
    return _plain(lines[-1].removeprefix(start).partition(": ")[2]) if lines else ""


def _plain(text: str) -> str:
    return " ".join(text.replace(_BROKEN, "").split())


def _begins(word: str, text: str) -> bool:
    """Whether a word or phrase stands in a text, from the beginning of a word."""
    return re.search(rf"(?<!\w){re.escape(word)}", text, re.IGNORECASE) is not None


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))
