"""What rules found in a message and a model has told anew, in statements of its own: one of the two is enough.

Rules keep a person's sentence as it was typed; a model makes clean statements of it, often several.  The sentence is
then superseded by the nearest of them.  If it says anything concrete that they do not, it is quoted below that one, so
that nothing is known twice and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Sequence

from sidecar.curate.changes import asserted
from sidecar.curate.sameness import meant
from sidecar.curate.slots import stem, tokens, values
from sidecar.model import Change, Memory, Revise, Status, Stored, Supersede
from sidecar.statements import negated

RULES = "rules"
MODEL = "ollama/"
"""How `extractor` begins for statements that rules found, and for those that a model wrote."""

OVERHEARD = frozenset({"transcript", "ingest"})
"""Origins of what was learned from a conversation; what a person told sidecar directly is left in their words."""

_RETOLD = 0.25
"""Share of a sentence's words of meaning that the statements made of it have; the rest is the talk around them."""

_LEAST_WORDS = 2


def by_rules(memory: Memory) -> bool:
    """Whether rules worded an active memory, and nobody has touched it since."""
    untouched = memory.edited is None and not memory.read_only and memory.status is Status.ACTIVE
    return untouched and memory.source.origin in OVERHEARD and (memory.extractor or "").startswith(RULES)


def by_model(memory: Memory) -> bool:
    """Whether a model worded a memory that holds, or has held, and nobody has touched it since."""
    known = memory.status in (Status.ACTIVE, Status.SUPERSEDED)
    return known and memory.edited is None and not memory.read_only and (memory.extractor or "").startswith(MODEL)


def retold(ruled: Stored, told: Sequence[Stored], names: frozenset[str] = frozenset()) -> list[Change]:
    """The changes that retire what rules found for what a model made of the same messages.

    None where the two speak of different things, or a person's word would go for an assistant's.  `told` are memories
    that may share a message with it; `names` as in `View`.
    """
    memory = ruled.memory
    if not by_rules(memory) or memory.pinned or memory.tags:
        return []
    heirs = [one for one in told if _may_follow(one, ruled)]
    words = meant(memory.content)
    union = {word for one in heirs for word in meant(one.memory.content)}
    if len(words & union) < max(_LEAST_WORDS, _RETOLD * len(words)):
        return []
    heir = max(heirs, key=lambda one: (len(words & meant(one.memory.content)), one.memory.id))
    if len(words & meant(heir.memory.content)) < _LEAST_WORDS:
        return []
    whole = _says_all(memory.content, [one.memory.content for one in heirs], names)
    content = heir.memory.content if whole else f"{heir.memory.content}\n\n> {' '.join(memory.content.split())}"
    if heir.memory.superseded_by == memory.id:
        return [Revise(ruled, _words_of(heir.memory, content), "a model has put it better")]
    fields: dict[str, object] = {} if heir.memory.supersedes else {"supersedes": memory.id}
    fields |= {} if whole else {"content": content}
    until = max(memory.effective, heir.memory.effective)
    retired = Supersede(ruled, heir.memory.id, until, "a model has made statements of it")
    return [Revise(heir, fields, "it was found by rules before"), retired] if fields else [retired]


def _may_follow(one: Stored, ruled: Stored) -> bool:
    """Whether a model made a statement of the same messages that is no weaker word."""
    shares = not {*one.memory.source.messages}.isdisjoint(ruled.memory.source.messages)
    stands = (one.memory.human, one.memory.effective) >= (ruled.memory.human, ruled.memory.effective)
    return shares and stands and by_model(one.memory)


def _words_of(memory: Memory, content: str) -> dict[str, object]:
    """How a model has put it, for the file of what rules found, which stands in its place in the chain of versions."""
    names = ("summary", "queries", "keywords", "extractor")
    return {"content": content, **{name: getattr(memory, name) for name in names}}


def _says_all(sentence: str, statements: Sequence[str], names: frozenset[str]) -> bool:
    """Whether every value that a sentence asserts, and its denial, stand in some statements."""
    present = {stem(word.plain) for one in statements for word in tokens(one)}
    claimed = asserted(sentence)
    complete = all(stem(value) in present for value in values(claimed, names))
    return complete and (not negated(sentence) or any(map(negated, statements)))
