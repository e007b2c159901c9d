"""The two passes over a chunk: everything worth keeping, then the concrete values that were overlooked."""

from __future__ import annotations

from collections.abc import Sequence

from sidecar.extract.llm import prompts
from sidecar.extract.llm.answers import MOST_STATEMENTS, Details, Statements
from sidecar.extract.llm.chunks import Chunk
from sidecar.extract.llm.evidence import Claim
from sidecar.extract.model import Model
from sidecar.model import MemoryType

MOST_TOKENS = 2048
"""Tokens of an answer about a chunk: twenty statements of thirty words, with room for the form around them."""


def full_pass(model: Model, chunk: Chunk) -> list[Claim]:
    """What a model finds worth keeping in a chunk.  Raises one of the ModelFailed family."""
    question = prompts.about(chunk.text, prompts.text(prompts.FULL))
    answer = model.ask(question, Statements, system=prompts.text(prompts.SYSTEM), most_tokens=MOST_TOKENS)
    return [
        Claim(found.content, tuple(found.lines), MemoryType(found.type))
        for found in answer.statements[:MOST_STATEMENTS]
    ]


def detail_pass(model: Model, chunk: Chunk, found: Sequence[Claim]) -> list[Claim]:
    """The concrete values of a chunk beyond what is found already.  Raises one of the ModelFailed family."""
    known = "\n".join(["Found already:", *(f"- {claim.content}" for claim in found)]) if found else ""
    question = prompts.about(chunk.text, prompts.text(prompts.DETAIL), known)
    answer = model.ask(question, Details, system=prompts.text(prompts.SYSTEM), most_tokens=MOST_TOKENS)
    return [Claim(one.content, tuple(one.lines)) for one in answer.details[:MOST_STATEMENTS]]
