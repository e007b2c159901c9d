"""Recall with a model's help, beside the road of `low` and never in its place.

`low` finds, orders and opens the gate; where it has nothing to say, no model is asked.  The model says what else to
look for, at `high` puts the best into its own order, and writes the answer.  Whatever it does not do, or not in time,
stays as `low` has it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Literal

from sidecar.errors import (
    AnswerCut,
    AnswerEmpty,
    AnswerRepeating,
    AnswerWrong,
    ModelCancelled,
    ModelFailed,
    ModelMissing,
    ModelStalled,
    ModelTooSlow,
    ModelUnreachable,
)
from sidecar.extract.llm.recalling import MOST_RANKED, Asker, Claim, Text, analysed, ranked, told
from sidecar.extract.suspicion import addresses_agents
from sidecar.model import ChannelScore, Hit
from sidecar.recall.fuse import sentences
from sidecar.recall.recall import Recall
from sidecar.recall.request import RecallAnswer, RecallRequest, without_model
from sidecar.recall.support import fault
from sidecar.recall.weights import ANSWER_SENTENCES
from sidecar.records import dataclass
from sidecar.redact import redact

log = logging.getLogger(__name__)

Level = Literal["medium", "high"]
Fit = Callable[[Sequence[Hit]], Sequence[Hit]]

EXTRA: Mapping[str, float] = {"topics": 0.1, "statement": 0.15}
"""What the best that a further channel found gains, as a share of the score of `low`'s best.

Together they are so little that what they alone find comes after all that `low` is halfway sure of: the words that a
model adds to a query find what is like the answer and what is like the question's topic, and at the first places the
second costs more than the first gains.
"""

WIDER = 3
"""Times the candidates asked for among which `high` looks."""

_MOST_HITS = 100
_SHOWN = {"medium": 8, "high": 12}
"""Candidates that an answer is written from: what a small model on a processor reads in some seconds."""

_CHARACTERS = 800
_RANKED_CHARACTERS = 300
"""Characters of a candidate that are shown: an answer stands near the beginning, and an order needs but the topic."""

_LOOKED_AT = 2 * _CHARACTERS
"""Characters that are searched for secrets and orders: one that the end of what is shown cuts in two is known still."""

_NEAR_BEST = 0.5
"""Share of a further channel's best score below which it says nothing of a candidate."""

_USELESS = (AnswerWrong, AnswerCut, AnswerEmpty, AnswerRepeating)
"""What a model may answer though it and its server are well."""


@dataclass(frozen=True, slots=True)
class _Consultation:
    """One question with what every stage needs."""

    request: RecallRequest
    question: str
    level: Level
    asker: Asker
    fit: Fit


class Thinking:
    """Recall at `medium` and `high`."""

    def __init__(self, recall: Recall) -> None:
        self._recall = recall

    def __call__(self, request: RecallRequest, low: RecallAnswer, level: Level, asker: Asker, fit: Fit) -> RecallAnswer:
        """What `low` found for the request, with more candidates and an answer written by the model.

        `fit` takes those of some candidates that will be given: the answer cites no others.  Blocks for as long as the
        model takes, at most until the asker's moment.  Where the model fails it is `low`'s answer, with a note that
        says so.
        """
        if not low.hits:
            return low
        question = redact(request.query, spoken=True).text
        try:
            return self._thought(_Consultation(request, question, level, asker, fit), low)
        except ModelFailed as error:
            log.info("recall without its model", extra={"level": level, "why": error.message})
            return without_model(low, _why(error))

    def _thought(self, consultation: _Consultation, low: RecallAnswer) -> RecallAnswer:
        notes = list(low.notes)
        hits, totals = self._widened(consultation, low)
        if consultation.level == "high":
            order = _reordered(consultation, hits)
            if order is None:
                notes.append("degraded: not ranked by the model")
            hits = order or hits
        hits = hits[: consultation.request.limit]
        answer, on_it = _written(consultation, low, consultation.fit(hits))
        explanation = low.explanation and {**low.explanation, "channels": {**_channels(low.explanation), **totals}}
        return replace(low, hits=tuple(hits), answer=answer, explanation=explanation, notes=(*notes, *on_it))

    def _widened(self, consultation: _Consultation, low: RecallAnswer) -> tuple[list[Hit], Mapping[str, object]]:
        """The candidates of `low` and of what the model says to look for, and how many each of its channels found."""
        request, known = consultation.request, list(low.hits)
        topics, statement = analysed(consultation.asker, consultation.question)
        if consultation.level == "high":
            request = replace(request, limit=min(WIDER * request.limit, _MOST_HITS))
            names = {_name(hit) for hit in known}
            known += [hit for hit in self._recall(request).hits if _name(hit) not in names]
        texts = {"topics": topics, "statement": statement}
        further = {name: self._recall.beside(request, text) for name, text in texts.items()}
        totals = {name: {"weight": EXTRA[name], "found": len(found)} for name, found in further.items()}
        return joined(known, further), totals


def _why(error: ModelFailed) -> str:
    """Why there is no answer of the model, in a few words."""
    if isinstance(error, ModelUnreachable | ModelMissing):
        return "no model"
    if isinstance(error, ModelTooSlow | ModelStalled):
        return "the model did not answer in time"
    if isinstance(error, ModelCancelled):
        return "sidecar stops"
    return f"the model failed ({error.state})"


def joined(low: Sequence[Hit], further: Mapping[str, Sequence[Hit]]) -> list[Hit]:
    """The candidates of `low` and of further channels, best first, with what each channel said of them.

    What only a further channel found scores at most its share of `low`'s best; what is outdated stays last.
    """
    best = max((hit.score for hit in low), default=0.0)
    found = {_name(hit): hit for hit in low}
    # `low` settles near ties by more than their scores; whoever comes later in it counts as no better.
    standing = dict(zip(found, accumulate((hit.score for hit in low), min), strict=True))
    for channel, hits in further.items():
        top = max((hit.score for hit in hits), default=0.0) or 1.0
        for rank, hit in enumerate((hit for hit in hits if hit.score >= _NEAR_BEST * top), 1):
            name, gained = _name(hit), EXTRA[channel] * best * hit.score / top
            known = found.get(name) or replace(hit, score=0.0, channels={})
            said = {**known.channels, channel: ChannelScore(rank, hit.score, EXTRA[channel])}
            found[name] = replace(known, score=known.score + gained, channels=said)
            standing[name] = standing.get(name, 0.0) + gained
    return [found[name] for name in sorted(found, key=lambda name: (_outdated(found[name]), -standing[name]))]


def _name(hit: Hit) -> tuple[str, str, str]:
    return str(hit.profile), hit.kind, hit.id


def _outdated(hit: Hit) -> bool:
    """A message whose memories are superseded; a superseded memory is given only where its own time is asked for."""
    return hit.kind == "message" and hit.superseded


def _channels(explanation: Mapping[str, object]) -> Mapping[str, object]:
    channels = explanation.get("channels")
    return channels if isinstance(channels, Mapping) else {}


def _reordered(consultation: _Consultation, hits: Sequence[Hit]) -> list[Hit] | None:
    """The candidates in the model's order; None if it gave none of all that it was shown.

    Those that it was not shown keep their places, and the places keep their scores.
    """
    places = [place for place, hit in enumerate(hits) if _may_be_shown(hit)][:MOST_RANKED]
    if len(places) <= 1:
        return list(hits)
    texts = [_text(hits[place], _RANKED_CHARACTERS) for place in places]
    try:
        order = ranked(consultation.asker, consultation.question, texts)
    except _USELESS as error:
        log.info("no order of the model", extra={"why": error.message})
        return None
    if order is None:
        return None
    found = list(hits)
    for place, chosen in zip(places, order, strict=True):
        found[place] = replace(hits[places[chosen]], score=hits[place].score)
    return found


def _written(consultation: _Consultation, low: RecallAnswer, given: Sequence[Hit]) -> tuple[str, list[str]]:
    """The model's answer from the candidates that are given, and notes on it.

    What `low` has reckoned stands before it: sums are no matter for a model.
    """
    shown = [hit for hit in given if _may_be_shown(hit)][: _SHOWN[consultation.level]]
    if not shown:
        return low.answer, ["degraded: no candidate may be shown to the model"]
    texts = [_text(hit, _CHARACTERS) for hit in shown]
    most = ANSWER_SENTENCES[consultation.request.response_length]
    claims = told(consultation.asker, consultation.question, texts, most)
    if not claims:
        return low.reckoned, ["the model finds no answer in the candidates"]
    said = [replace(claim, sentence=one) for claim in claims for one in sentences(claim.sentence)]
    kept = [sentence for claim in said if (sentence := _cited(claim, shown, texts, consultation.question))]
    if not kept:
        return low.answer, ["degraded: nothing that the model said stands in the candidates"]
    cut = len(said) - len(kept)
    notes = [f"{cut} of {len(said)} sentences of the model cut: what they cite does not say them"] if cut else []
    return "\n".join(filter(None, [low.reckoned, " ".join(dict.fromkeys(kept))])), notes


def _cited(claim: Claim, shown: Sequence[Hit], texts: Sequence[Text], question: str) -> str:
    """A sentence with the ids of what it rests on; empty if it rests on nothing.

    Where one of the texts says it all, the others need not be cited.
    """

    def problem(places: Sequence[int]) -> str:
        return fault(claim.sentence, [(texts[place].words, texts[place].said) for place in places], question)

    alone = [place for place in claim.cited if not problem([place])]
    if not alone and (found := problem(claim.cited)):
        log.info("sentence cut", extra={"why": found})
        return ""
    return " ".join([claim.sentence, *(f"[{shown[place].id}]" for place in alone or claim.cited)])


def _may_be_shown(hit: Hit) -> bool:
    """Whether a model may see it: nothing outdated, and nothing that gives orders to agents."""
    return not _outdated(hit) and not addresses_agents(hit.content[:_LOOKED_AT])


def _text(hit: Hit, most: int) -> Text:
    """What a model is shown of a candidate.

    Files written by hand are stored as they are, so they may hold secrets.
    """
    words = redact(hit.content[:_LOOKED_AT], spoken=hit.speaker == "user").text[:most]
    kind = hit.type or (f"message of the {hit.speaker}" if hit.speaker else "message")
    return Text(words, hit.observed, kind)
