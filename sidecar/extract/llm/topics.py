"""Topic keys: existing ones first, and none that would retire a statement about something else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sidecar.extract import KnownKey, keys
from sidecar.extract.cues import weights
from sidecar.extract.llm.figures import atoms, stems
from sidecar.extract.llm.names import acronyms, initials
from sidecar.extract.llm.values import Value, values
from sidecar.extract.patterns import Kind
from sidecar.extract.words import content_words
from sidecar.identity import normalized_key

MOST_OFFERED = 30
"""Keys in use that a model is offered; more would not be read."""

_MOST_SEGMENTS = 3
_LONGEST_SEGMENT = 40
_SAYS_NOTHING = frozenset(
    "fact facts event instruction task general misc other note notes info project user key topic".split()
)


def offered(contents: Iterable[str], known: Sequence[KnownKey]) -> list[KnownKey]:
    """The keys in use that are nearest to some statements, nearest first; those with nothing in common are left out."""
    about = [stems(content) for content in contents]
    scored = [
        (max((len(words & _about(one)) for words in about), default=0), number) for number, one in enumerate(known)
    ]
    best = sorted((-score, number) for score, number in scored if score)
    return [known[number] for _, number in best[:MOST_OFFERED]]


class Topics:
    """Gives the statements of one slice their keys; each key that it gives is in use from then on."""

    def __init__(self, known: Sequence[KnownKey]) -> None:
        self._in_use = {one.key: one for one in known}

    def key_for(self, content: str, wanted: str) -> str | None:
        """The wanted key in its canonical form, or one of code's own where that is another thing's; None if neither.

        A key in use is kept only for another version of the same thing, since it retires what stands under it.
        """
        candidates = [bounded(wanted), keys.derive(content) or "", bounded("-".join(content_words(content)[:3]))]
        for key in candidates:
            if key and (key not in self._in_use or _same_thing(content, self._in_use[key])):
                self._in_use[key] = KnownKey(key, content)
                return key
        return None


def bounded(text: str) -> str:
    """A key of at most three segments, each of bounded length; empty for words that name no topic."""
    segments = normalized_key(text).split("/")[:_MOST_SEGMENTS]
    kept = [segment[:_LONGEST_SEGMENT].strip("-") for segment in segments]
    key = "/".join(segment for segment in kept if segment)
    return "" if set(atoms(key)) <= _SAYS_NOTHING else key


def _same_thing(content: str, known: KnownKey) -> bool:
    """Whether a statement can be another version of what stands under a key, newer or, in an old session, older.

    The model has given it this key; code only looks for a sign that it is about something else: nothing in common, or
    nothing but the thing that the key is about, of which both say something of another kind.
    """
    told = stems(content)
    if initials(content) & acronyms(known.summary) or initials(known.summary) & acronyms(content):
        return True
    shared = told & _about(known)
    if not shared:
        return False
    subject = stems(known.key.partition("/")[0].replace("-", " "))
    return (
        any(map(_tells_of_change, (content, known.summary)))
        or bool(shared - subject)
        or bool(_kinds(content) & _kinds(known.summary))
    )


def _kinds(text: str) -> frozenset[str]:
    """The kinds of values that a statement gives: amounts of money, times of day, names, ..."""
    return frozenset(_kind(value) for value in values(text))


def _kind(value: Value) -> str:
    if value.quantity is not None:
        return value.quantity.kind
    if value.day is not None or value.clock is not None:
        return "day" if value.day is not None else "clock"
    return "name" if value.name else "number" if value.text.replace(".", "").isdigit() else "identifier"


def _tells_of_change(text: str) -> bool:
    return Kind.CHANGE in weights(text) or bool(keys.dropped_values(text))


def _about(known: KnownKey) -> frozenset[str]:
    return stems(known.summary) | stems(known.key.replace("/", " ").replace("-", " "))
