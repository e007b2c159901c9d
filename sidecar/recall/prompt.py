"""How a prompt is put: whether it asks at all, and whether it asks about this work or about the world."""

from __future__ import annotations

from functools import cache
from typing import Literal

from sidecar.expressions import regex
from sidecar.records import dataclass

Form = Literal["question", "telling", "topic", "command"]

_ORDERS = """
    add adjust align amend apply build bump change check clean commit compile complete continue convert copy create
    debug delete deploy design download draft draw edit export extend extract finish fix format generate go
    implement import improve increase inline insert install investigate keep lint load look make merge migrate mock
    modify move open optimise optimize paste plan play polish print proceed profile push put read rebase rebuild
    redo refactor reformat remove rename replace reply rerun reset respond restart retry return revert review
    rewrite run save scaffold send set setup simplify sort split squash start stop swap test tidy translate try turn
    undo uninstall update upgrade upload use validate verify wait wrap write
"""
"""Verbs that open an order to do something."""

TELLING = """
    compare count describe explain find give list recall recommend remind show suggest summarise summarize
    tell trace
"""
"""Verbs that open an order to say something, which is a question."""

_CHATTER = """
    above absolutely ah alright amazing answer approach attempt awesome back bad better bit bored break broken bug
    bye case cheers class code command cool correct day diff difference different docs done error exactly example
    excellent fail failing fair file fine finished folder following forget fun function good goodbye great guess
    haha happen happy hello help hey hi hm hmm hope idea image issue job joke kind lgtm like line little log lol
    long lot lovely maybe mean message method mind minute missing mistake module moment morning move need never next
    nice night nope ok okay part people perfect place please point possible problem question ready right same
    screenshot script second see ship something sorry start still stuff sure sweet talk thank thanks think time
    tired today tomorrow tonight typo understand useful variable version want way week weird welcome well word work
    works worse wow wrong yeah yep yesterday
"""
EVERYDAY = f"{_ORDERS} {TELLING} {_CHATTER}"
"""Words of any talk with an agent, whatever the project."""

_ASKING = regex(
    r"^(?:(?:and|so|but|hey|hi|ok|okay|well|also|again|from [^,:]{1,40})[,:]? )*"
    r"(?:what|when|where|which|who|whom|whose|why|how|is|are|was|were|do|does|did|has|have|had|can|may|should|shall|"
    r"must|any|am|whats|whos|remind|recall|wer|wie|wo|wann|warum|welche[rsnm]?)\b"
)
_POLITE = regex(
    r"^(?:(?:please|pls|now|then|next|ok(?:ay)?|great|so|and|also|just|let's|lets|go ahead and|"
    r"(?:can|could|would|will) you(?: please)?|i(?:'d| would)? (?:want|need|like)(?: you)? to|"
    r"we (?:need|want) to|help me)[,:]?\s+)+"
)

_FIRST_WORD = regex(r"[a-z]+")
_OPENING = regex(r"^(?:(?:and|so|but|hey|hi|ok|okay|well|also|again|wait)[,:]? )+")
_OURS = regex(r"\b(?:we|our|ours|us|ourselves)\b")
_SITUATED = regex(
    r"\b(?:did|was|were|had|been|went|happened|changed|decided|agreed|settled|last|ago|since|until|now|nowadays|still|"
    r"already|currently|previously|earlier|any ?more|so far|yet)\b"
)
_PERMITTED = regex(
    r"\b(?:may (?:i|we|you|one)|must (?:i|we|you|not)|must never|allowed|permitted|permission|forbidden|"
    r"supposed to)\b|^(?:is it|am i|are we) (?:ok(?:ay)?|fine|free)\b"
)
_GENERAL = regex(
    r"^(?:what(?:'s|s| is| are) (?:an?|some|good|the (?:difference|best|meaning|plural|opposite|point|purpose))\b"
    r"|what does .{1,40} (?:mean|do|stand for)\b"
    r"|(?:what(?:'s|s| is|) )?\d[\d.,]* ?(?:%|percent|times|plus|minus|[a-z]+ (?:in|to)\b)"
    r"|how many \w+ (?:is|are|in|are in|make|does an?) "
    r"|how (?:do|does|can|should|would|to) (?:i|you|one|people|they|\w+ing|an?) "
    r"|how to |is there an? (?:way|tool|library|command|shortcut|difference)\b"
    r"|how (?:do|does|did) (?:[\w-]+ ){1,4}(?:works?|differ)\b"
    r"|how (?:old|tall|far|heavy|deep|hot|cold|high) (?:is|are|was)\b"
    r"|(?:which|what) (?:one )?is (?:better|healthier|faster|easier|safer|best|the best|the fastest|the largest)\b"
    r"|when (?:should|would|do) (?:i|you|one) |should i |do i need |is it (?:good|bad|safe|worth|possible) to "
    r"|(?:can|does|is|are|do) (?:an?|\w+s) )"
)
_ADDRESSED = regex(
    r"^(?:(?:what|how|why|who|where|which \w+) )?(?:do|did|are|can|could|would|will|have|were) you\b"
    r"|^(?:is|was|did|does) (?:that|it|this)\b"
    r"|^(?:what|which|how|who)(?:'s|s| is| about)? (?:that|it|this|next|now|else)\b"
)
_DATED = regex(
    r"\b(?:when|(?:what|which) (?:date|day|month|year|time|week|weekday)|how long|"
    r"how many (?:days|weeks|months|years|hours))\b"
)
_RESUMES = regex(
    r"\b(?:continu\w*|resum\w*|again|previous\w*|so far|now|latest|last time|next step|i'm (?:back|ready)|"
    r"what(?:'s| is| are| comes| should| do| can)?(?: (?:we|i|you))?(?: do)? next|"
    r"(?:we|you) (?:discussed|talked|agreed|mentioned|suggested|gave|sent|listed|said|planned))\b"
)
_NAME = regex(r"(?<=[a-z0-9,:;] )[\"'(]?([A-Z][\w-]+)")


@dataclass(frozen=True, slots=True)
class Manner:
    """How a prompt is put.

    `ours`: it speaks of us; `situated`: of what has happened, is so now, or is allowed; `general`: it asks as one asks
    about the world; `addressed`: it asks the agent about itself or its last words; `names`: what it names by capitals;
    `dated`: it asks for a time; `resumes`: it goes on with something, as what is no question mostly does.
    """

    form: Form
    ours: bool
    situated: bool
    general: bool
    addressed: bool
    names: tuple[str, ...]
    dated: bool = False
    resumes: bool = False

    @property
    def asks(self) -> bool:
        """Whether it wants to be told something."""
        return self.form in ("question", "telling")


def manner_of(text: str) -> Manner:
    """The manner of a prompt in English; of another language the form at best."""
    plain = _bare(text.replace("’", "'"))
    permitted = bool(_PERMITTED.search(plain))
    form = form_of(text)
    return Manner(
        form=form,
        ours=bool(_OURS.search(plain)),
        situated=permitted or bool(_SITUATED.search(plain)),
        general=bool(_GENERAL.search(plain)),
        # `can you remind me` asks of what follows, not of the agent.
        addressed=not permitted and form != "telling" and bool(_ADDRESSED.search(plain)),
        names=tuple(dict.fromkeys(_NAME.findall(text))),
        dated=bool(_DATED.search(plain)),
        resumes=form != "question" or bool(_RESUMES.search(plain)),
    )


def _bare(text: str) -> str:
    return _OPENING.sub("", " ".join(text.casefold().split()))


def form_of(text: str) -> Form:
    """Whether a prompt asks, wants to be told, states or names something, or orders something to be done."""
    start = " ".join(text.casefold().split())
    bare = _POLITE.sub("", start)
    word = _FIRST_WORD.match(bare)
    if word and word.group() in _words(_ORDERS):
        return "command"
    if word and word.group() in _words(TELLING):
        return "telling"
    return "question" if _ASKING.match(start) or start.endswith(("?", "？")) else "topic"


@cache
def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())
