"""Who said it, and whether it may be believed: from the cited lines, by code."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sidecar.expressions import regex
from sidecar.extract import Slice
from sidecar.extract.cues import weights
from sidecar.extract.harm import harmful
from sidecar.extract.llm.evidence import Claim
from sidecar.extract.llm.figures import stems
from sidecar.extract.llm.ground import Ground
from sidecar.extract.llm.lines import Line
from sidecar.extract.llm.values import values
from sidecar.extract.noise import Noise, noise
from sidecar.extract.pastes import seen
from sidecar.extract.patterns import Kind
from sidecar.extract.sentences import sentences
from sidecar.extract.suspicion import addresses_agents
from sidecar.extract.words import STOP, words
from sidecar.model import MemoryType, Message, Speaker
from sidecar.records import dataclass

_ORDERS = (MemoryType.INSTRUCTION, MemoryType.TASK)
_COPIED_WORDS = 6
"""Words of meaning in a row that an order shares with what a tool printed: it was copied from there."""

_FIRM, _PLAIN = 3, 2
"""Weight of a standing order, and of a directive, from which a statement is one (see `patterns`)."""

_FEW, _FEW_OF = 2, 3
"""Words, and the part of all of them, that a claim may have from elsewhere: names for "it", a word from the context."""

_YES = regex(
    r"^\W*(?:yes|yep|yeah|yup|ok(?:ay)?|right|correct|exactly|agreed|sure|do (?:it|that)|sounds good|good"
    r"|please do|go ahead"
    r"|true|confirmed|of course)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Trust:
    """Who stands behind a claim; `proposed` says that a person must look at it first, `why` for what reason."""

    speaker: Speaker
    proposed: bool = False
    why: str = ""


class Judgement:
    """Tells who said a claim and whether it is to be believed, for the claims of one slice."""

    def __init__(self, session: Slice) -> None:
        said = (*session.context, *session.messages)
        self._printed = [message.text for message in said if message.kind == "tool" or message.speaker == "tool"]
        self._printed_runs: frozenset[tuple[str, ...]] | None = None

    def of(self, claim: Claim, kind: MemoryType, lines: Sequence[Line]) -> Trust | None:
        """Who said it; None for an order that nobody but a tool gave.

        An order is what a person said in their own words: what they pasted, and what an agent says by itself, waits.
        """
        speaker = speaker_of(claim, lines)
        if speaker == "tool":
            return None if kind in _ORDERS else Trust(speaker, proposed=True, why="only a tool's output says it")
        return Trust(speaker, proposed=bool(why := self._doubt(claim, kind, lines, speaker)), why=why)

    def _doubt(self, claim: Claim, kind: MemoryType, lines: Sequence[Line], speaker: Speaker) -> str:
        """Why a person should look at it first; empty where nothing speaks against it."""
        if addresses_agents(claim.content):
            return "it speaks to agents"
        order = kind is MemoryType.INSTRUCTION or gives_order(claim.content)
        if speaker == "user":
            return "it was in something that was pasted" if order and _rests_on_paste(claim, lines) else ""
        others = [line for line in lines if line.speaker != "user"]
        if _rests_on_relay(claim, others) or self._is_printed(claim, order=kind in _ORDERS):
            return "it was taken from a tool's output that gives orders"
        return "an agent gives an order that no person gave" if order else ""

    def _is_printed(self, claim: Claim, *, order: bool) -> bool:
        """Whether an agent says what a tool printed: an order in the same words, or of a value that one is about."""
        if order and any(run in self._runs_printed() for run in _runs(claim.content)):
            return True
        concrete = [
            (value.quantity.figure if value.quantity else value.text).casefold()
            for value in values(claim.content)
            if value.day is None and value.clock is None
        ]
        return any(_gives_order(text, concrete, only_to_agents=not order) for text in self._printed)

    def _runs_printed(self) -> frozenset[tuple[str, ...]]:
        if self._printed_runs is None:
            self._printed_runs = frozenset(run for text in self._printed for run in _runs(text))
        return self._printed_runs


def _gives_order(printed: str, concrete: Sequence[str], *, only_to_agents: bool) -> bool:
    """Whether one of the values stands in a printed line, or beside one, that tells somebody what to do."""
    folded = printed.casefold()
    if not any(value in folded for value in concrete):
        return False
    rows = printed.split("\n")
    for number, row in enumerate(rows):
        if any(value in row.casefold() for value in concrete):
            near = " ".join(rows[max(number - 1, 0) : number + 2])
            if noise(near) is Noise.RELAYED or (not only_to_agents and _orders(row)):
                return True
    return False


def speaker_of(claim: Claim, lines: Sequence[Line]) -> Speaker:
    """The person, if the person's own lines carry as much of the claim as the others; else the agent, else a tool."""
    spoken = {who: [line for line in lines if line.speaker == who] for who in ("user", "assistant", "tool")}
    if spoken["user"]:
        others = [*spoken["assistant"], *spoken["tool"]]
        if not others or _carried(claim, spoken["user"]) >= _carried(claim, others) or _agreed(spoken["user"], others):
            return "user"
    return "assistant" if spoken["assistant"] else "user" if spoken["user"] else "tool"


def gives_order(text: str) -> bool:
    """Whether a text says how things are to be done, or would do harm if somebody did as it says."""
    cues = weights(text)
    firm = cues.get(Kind.STANDING, 0) >= _FIRM or cues.get(Kind.DIRECTIVE, 0) >= _PLAIN
    return firm or harmful(text)


def _rests_on_paste(claim: Claim, lines: Sequence[Line]) -> bool:
    """Whether a claim needs what a person pasted: own words lack one of its values, or many of its words."""
    messages = {line.message.id: line.message for line in lines if line.speaker == "user"}
    whole = [(seen(message.text), message.time) for message in messages.values()]
    own = [(_said(message), message.time) for message in messages.values()]
    concrete = values(claim.content)
    there = Ground(whole)
    if Ground(own).missing([value for value in concrete if there.has(value)]):
        return True
    about = stems(claim.content) & frozenset(stem for text, _ in whole for stem in stems(text))
    lacking = about - frozenset(stem for text, _ in own for stem in stems(text))
    return len(lacking) >= _FEW and len(lacking) * _FEW_OF > len(about)


def _said(message: Message) -> str:
    """A person's own sentences, without quotations and what others are told to have said."""
    spoken = sentences(message.text, person=True)
    return "\n".join(one.text for one in spoken if noise(one.text, quoted=one.quoted) is not Noise.HEARSAY)


def said_of_all_projects(lines: Sequence[Line]) -> bool:
    """Whether a person's own words reach beyond the project."""
    own = [line.text for line in lines if line.speaker == "user"]
    return any(Kind.EVERYWHERE in weights(text) or _EVERYWHERE.search(text) for text in own)


_EVERYWHERE = regex(
    r"\b(?:everywhere|globally|no matter (?:which|what|where)|whatever (?:i|the) (?:work|project|repo)\w*"
    r"|(?:all|every|any|each|other|across) (?:of )?(?:my |our |the )?(?:other )?(?:repos?|repositor(?:y"
    r"|ies)|projects?|codebases?)"
    r"|(?:as a|my) (?:personal )?(?:habit|preference)|for me personally|i (?:always|generally|usually"
    r"|personally) (?:prefer|want"
    r"|like|use|write)|not (?:only|just) (?:here|this|in this|for this))\b",
    re.IGNORECASE,
)


def _carried(claim: Claim, lines: Sequence[Line]) -> tuple[int, int]:
    """How many of the claim's values and words the lines have."""
    concrete = values(claim.content)
    ground = Ground([(line.text, line.said) for line in lines])
    about = frozenset(stem for line in lines for stem in stems(line.text))
    return len(concrete) - len(ground.missing(concrete)), len(about & stems(claim.content))


def _agreed(own: Sequence[Line], others: Sequence[Line]) -> bool:
    """Whether the person said yes to what the agent had asked right before."""
    return any(
        _YES.search(line.text) and any(0 < line.number - other.number <= 2 and "?" in other.text for other in others)
        for line in own
    )


def _rests_on_relay(claim: Claim, lines: Sequence[Line]) -> bool:
    """Whether the sentence that a claim is nearest to tells of a text that speaks to agents."""
    about = stems(claim.content)
    spoken = [one.text for line in lines for one in sentences(line.text)]
    scored = [(len(about & stems(text)), noise(text) is Noise.RELAYED) for text in spoken]
    return bool(scored) and max(scored)[0] > 0 and max(scored)[1]


def _orders(row: str) -> bool:
    """Whether a line of output tells somebody what to do."""
    cues = weights(row)
    return Kind.STANDING in cues or Kind.DIRECTIVE in cues


def _runs(text: str) -> list[tuple[str, ...]]:
    """Every six neighbouring words of meaning."""
    kept = [word for word in words(text) if word not in STOP]
    return [tuple(kept[at : at + _COPIED_WORDS]) for at in range(len(kept) - _COPIED_WORDS + 1)]
