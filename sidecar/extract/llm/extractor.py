"""The extractor that asks a local model."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import PurePath

from sidecar.expressions import regex
from sidecar.extract import Slice, keys
from sidecar.extract.dates import absolutise
from sidecar.extract.drafts import Draft
from sidecar.extract.events import when
from sidecar.extract.llm import prompts
from sidecar.extract.llm.chunks import Chunk, chunks
from sidecar.extract.llm.classify import Cited, Topic, classified
from sidecar.extract.llm.dedupe import merged
from sidecar.extract.llm.evidence import Claim, Evidence
from sidecar.extract.llm.languages import languages
from sidecar.extract.llm.lines import Line, numbered
from sidecar.extract.llm.passes import detail_pass, full_pass
from sidecar.extract.llm.topics import Topics
from sidecar.extract.llm.trust import Judgement, Trust, said_of_all_projects
from sidecar.extract.llm.verify import verified
from sidecar.extract.model import Model
from sidecar.extract.withdrawals import unfinished, withdraw
from sidecar.model import Candidate, MemoryType, Source
from sidecar.records import dataclass

log = logging.getLogger(__name__)

DETAIL_FROM = 9
"""Messages from which a session is read a second time for concrete values; in shorter ones nothing is overlooked."""

SLICE_CHARACTERS = 60_000
"""Characters of a slice: six chunks and some twenty questions, an hour's work for a laptop without a graphics card."""

MOST_PER_SLICE = 60
"""Candidates of a slice; more than that is a document, and a person's memory is not made of documents."""

_DONE_SHARE = 0.5
"""Part of a task's words that a report names if it is that task's: a model has judged already what is open."""

_KEYED = (MemoryType.FACT, MemoryType.INSTRUCTION)

_HOME = regex(r"(?:/home|/Users|\\Users)[/\\]([A-Za-z][\w.-]{1,31})")
"""A home folder, which tells the name of the person who speaks of themselves as "I"."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A statement of the model that was not kept, and the reason in words."""

    content: str
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    """The candidates of a slice, in the order in which they were said, and what was dropped on the way."""

    candidates: tuple[Candidate, ...]
    dropped: tuple[Dropped, ...]


class ModelExtractor:
    """Two passes, evidence, verification and classification of every slice."""

    name = "ollama"
    slice_characters = SLICE_CHARACTERS

    def __init__(self, model: Model, verify: Model | None = None) -> None:
        """`verify` checks what `model` has found; the same one without it."""
        self._model = model
        self._verify = verify or model

    @property
    def version(self) -> str:
        """The model and the version of the prompts."""
        return f"ollama/{self._model.name} prompt-{prompts.VERSION}"

    def extract(self, session: Slice) -> list[Candidate]:
        """The candidates of a slice, in the order in which they were said.

        Raises one of the ModelFailed family if one question fails: a slice is learned as a whole or not at all.
        """
        return list(self.examine(session).candidates)

    def examine(self, session: Slice) -> Report:
        """The candidates of a slice, and what was dropped.  Raises as `extract` does."""
        return _Examination(self._model, self._verify, self.version, session).report()


class _Examination:
    """One slice on its way through the pipeline."""

    def __init__(self, model: Model, verify: Model, version: str, session: Slice) -> None:
        self._model, self._verify, self._version, self._session = model, verify, version, session
        self._lines = numbered(session)
        self._line = {line.number: line for line in self._lines}
        self._dropped: list[Dropped] = []
        self._judgement = Judgement(session)

    def report(self) -> Report:
        found: list[Claim] = []
        for chunk in chunks(self._lines):
            found = merged([*found, *self._claims(chunk)])
        cited = [Cited(claim, tuple(self._line[number] for number in claim.lines)) for claim in self._lasting(found)]
        cited = cited[:MOST_PER_SLICE]
        topics = classified(self._model, cited, self._session.known)
        keyed = Topics(self._session.known)
        candidates = [self._candidate(one, topic, keyed) for one, topic in zip(cited, topics, strict=True)]
        return Report(tuple(one for one in candidates if one is not None), tuple(self._dropped))

    def _claims(self, chunk: Chunk) -> list[Claim]:
        """What a chunk says, checked by code and by a model."""
        evidence = Evidence(chunk.lines, self._names())
        claims = self._grounded(full_pass(self._model, chunk), evidence)
        if len(self._session.messages) >= DETAIL_FROM:
            claims = merged([*claims, *self._grounded(detail_pass(self._model, chunk, claims), evidence)])
        kept: list[Claim] = []
        for finding in verified(self._verify, chunk, claims, evidence) if claims else []:
            if finding.kept:
                kept.append(finding.claim)
            else:
                self._drop(finding.claim.content, finding.why)
        return kept

    def _grounded(self, claims: Sequence[Claim], evidence: Evidence) -> list[Claim]:
        kept: list[Claim] = []
        for finding in map(evidence.check, claims):
            if finding.kept:
                kept.append(finding.claim)
            else:
                self._drop(finding.claim.content, finding.why)
        return merged(kept)

    def _names(self) -> list[str]:
        """What may be named without a source: project, its languages, agent, user (see home paths), what is known."""
        messages = (*self._session.context, *self._session.messages)
        spoken = languages(messages)
        places = {part for message in messages if message.cwd for part in PurePath(message.cwd).parts}
        places |= {name for message in messages for name in _HOME.findall(message.text)}
        branches = {message.branch for message in messages if message.branch}
        known = [one.summary for one in self._session.known]
        return [*sorted(places | branches | spoken), self._session.ref.agent, self._session.by, *known]

    def _lasting(self, claims: Sequence[Claim]) -> list[Claim]:
        """The claims without those that the session itself takes back, and the tasks that it finishes."""
        messages = self._session.messages
        at = {message.id: index for index, message in enumerate(messages)}
        drafts: list[Draft] = []
        by_message: dict[str, list[Claim]] = {}
        for claim in claims:
            last = next(line.message for number in reversed(claim.lines) if not (line := self._line[number]).context)
            by_message.setdefault(last.id, []).append(claim)
        for index, message in enumerate(messages):
            new = [Draft(claim.type, claim.content, message) for claim in by_message.get(message.id, [])]
            drafts = [*withdraw(drafts, messages[: index + 1]), *new]
        drafts = unfinished(drafts, messages, share=_DONE_SHARE)
        stays = {(draft.message.id, draft.text) for draft in drafts}
        kept: list[Claim] = []
        for message_id, told in sorted(by_message.items(), key=lambda item: at[item[0]]):
            for claim in told:
                if (message_id, claim.content) in stays:
                    kept.append(claim)
                else:
                    self._drop(claim.content, "the session takes it back or finishes it")
        return kept

    def _candidate(self, cited: Cited, topic: Topic, keyed: Topics) -> Candidate | None:
        claim = cited.claim
        trust = self._judgement.of(claim, topic.type, cited.lines)
        if trust is None:
            self._drop(claim.content, "an order that nobody but a tool gave")
            return None
        observed = (cited.said or datetime.fromtimestamp(0, UTC)).replace(microsecond=0)
        dated = (when if topic.type is MemoryType.EVENT else absolutise)(claim.content, observed)
        kept = topic.type in _KEYED
        everywhere = topic.personal and trust.speaker == "user" and said_of_all_projects(cited.lines)
        return Candidate(
            type=topic.type,
            content=dated.text,
            summary=topic.summary,
            observed=observed,
            source=self._source(cited, trust),
            key=self._key(claim, topic, trust, keyed),
            occurred=topic.occurred,
            queries=topic.queries,
            keywords=topic.keywords,
            scope="personal" if everywhere else "project",
            extractor=self._version,
            proposed=trust.proposed,
            reason=trust.why or None,
            replaces_hint=keys.dropped_values(claim.content) if kept else (),
        )

    def _key(self, claim: Claim, topic: Topic, trust: Trust, keyed: Topics) -> str | None:
        """The topic key; what waits for a person to look at it takes none away from others."""
        if topic.type not in _KEYED:
            return None
        return topic.wanted or None if trust.proposed else keyed.key_for(claim.content, topic.wanted)

    def _source(self, cited: Cited, trust: Trust) -> Source:
        messages: dict[str, Line] = {line.message.id: line for line in cited.lines}
        last = cited.lines[-1].message
        return Source(
            origin="ingest" if last.agent == "http" else "transcript",
            agent=last.agent,
            session=self._session.ref.session,
            speaker=trust.speaker,
            messages=tuple(messages),
            by=self._session.by or None,
        )

    def _drop(self, content: str, why: str) -> None:
        log.debug("a statement was dropped", extra={"why": why.partition(":")[0]})  # behind the colon are its words
        self._dropped.append(Dropped(" ".join(content.split()), why))
