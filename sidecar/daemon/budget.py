"""A recall's candidates cut to what an agent has room for."""

from __future__ import annotations

from collections.abc import Sequence

from sidecar.model import Hit
from sidecar.records import dataclass

TOKEN_CHARACTERS = 4
"""Characters that count as one token of a budget: what models make of English, near enough."""

_NAMED = 5
"""Candidates that a note names; of more it says how many."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """The candidates that fit together, best first, and those that do not."""

    kept: tuple[Hit, ...]
    left_out: tuple[Hit, ...] = ()

    @property
    def notes(self) -> list[str]:
        """What was left out, in words; nothing if all fits."""
        if not self.left_out:
            return []
        total = len(self.kept) + len(self.left_out)
        tokens = sum(_tokens(hit) for hit in self.left_out)
        names = ", ".join(hit.id for hit in self.left_out[:_NAMED])
        more = f" and {len(self.left_out) - _NAMED} more" if len(self.left_out) > _NAMED else ""
        return [f"budget: {len(self.left_out)} of {total} candidates left out, {tokens} tokens: {names}{more}"]


def within(hits: Sequence[Hit], budget: int | None) -> Fitted:
    """The hits that fit into so many tokens together, best first; a long one bars no short one behind it."""
    if budget is None:
        return Fitted(tuple(hits))
    kept, left_out, left = [], [], budget * TOKEN_CHARACTERS
    for hit in hits:
        if len(hit.content) <= left:
            kept.append(hit)
            left -= len(hit.content)
        else:
            left_out.append(hit)
    return Fitted(tuple(kept), tuple(left_out))


def _tokens(hit: Hit) -> int:
    return -(-len(hit.content) // TOKEN_CHARACTERS)
