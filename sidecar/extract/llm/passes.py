"""The two passes over a chunk: everything worth keeping, then the concrete values that were overlooked."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TypeVar

from sidecar.errors import AnswerCut, AnswerRepeating
from sidecar.extract.llm import prompts
from sidecar.extract.llm.answers import MOST_STATEMENTS, Detail, Details, Item, Statement, Statements, complete
from sidecar.extract.llm.chunks import Chunk
from sidecar.extract.llm.evidence import Claim
from sidecar.extract.model import Model
from sidecar.model import MemoryType

log = logging.getLogger(__name__)

Answer = TypeVar("Answer", Statements, Details)

MOST_TOKENS = 2048
"""Tokens of an answer about a chunk: twenty statements of thirty words, with room for the form around them."""


def full_pass(model: Model, chunk: Chunk) -> list[Claim]:
    """What a model finds worth keeping in a chunk.  Raises one of the ModelFailed family."""
    question = prompts.about(chunk.text, prompts.text(prompts.FULL))
    try:
        found = _ask(model, question, Statements).statements
    except (AnswerRepeating, AnswerCut) as error:
        found = _before(error, Statement)
    return [Claim(one.content, tuple(one.lines), MemoryType(one.type)) for one in found[:MOST_STATEMENTS]]


def detail_pass(model: Model, chunk: Chunk, found: Sequence[Claim]) -> list[Claim]:
    """The concrete values of a chunk beyond what is found already.  Raises one of the ModelFailed family."""
    known = "\n".join(["Found already:", *(f"- {claim.content}" for claim in found)]) if found else ""
    question = prompts.about(chunk.text, prompts.text(prompts.DETAIL), known)
    try:
        details = _ask(model, question, Details).details
    except (AnswerRepeating, AnswerCut) as error:
        details = _before(error, Detail)
    return [Claim(one.content, tuple(one.lines)) for one in details[:MOST_STATEMENTS]]


def _ask(model: Model, question: str, answer: type[Answer]) -> Answer:
    return model.ask(question, answer, system=prompts.text(prompts.SYSTEM), most_tokens=MOST_TOKENS)


def _before(error: AnswerRepeating | AnswerCut, item: type[Item]) -> list[Item]:
    """What a model said before it lost itself; the error, if that was nothing whole."""
    found = complete(error.so_far, item)
    if not found:
        raise error
    log.debug("an answer was kept up to where it broke", extra={"items": len(found), "state": error.state})
    return found
