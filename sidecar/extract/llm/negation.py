"""Whether a statement denies what its source affirms, or affirms what the source denies.

Only clear cases are told: a retelling may put "not X" as "Y instead of X", or "leave it alone" as "never change it".
"""

from __future__ import annotations

import re

from sidecar.expressions import regex
from sidecar.extract.llm.figures import stems

_DENIAL = regex(
    r"\b(?:not|never|nicht|nie|kein\w*|statt|no|none|nor|neither|without|cannot|\w+n['’]t|dont|doesnt|didnt|isnt|arent|wasnt|cant|wont|shouldnt"
    r"|avoid\w*|stop\w*|instead|rather than|no longer|any ?more|forbid\w*|forbidden|ban(?:ned|s)?|refus\w+"
    r"|reject\w*)\b",
    re.IGNORECASE,
)
_SOFT = regex(
    r"\b(?:only|off|out|gone|drop\w*|disable\w*|remov\w+|delet\w+|exclu\w+|except|unless|until|fail\w*|br[eo]ak\w*|broke\w*"
    r"|bad|worse|wrong|previous\w*|former\w*|old|was|were|left|leav\w+|skip\w*|replac\w+|retir\w+|scrap\w*|ditch\w*|throw\w*"
    r"|kick\w*|hands|read-only|lost|loses?|missing|without|from|moved?|moves|switch\w*|chang\w+|un\w{4,}|deprecat\w+|dead"
    r"|hat(?:e|es|ed)|wreck\w*|clash\w*|against|hardly|too|less|ignor\w+|free of|away|alone|stays?|plain)\b",
    re.IGNORECASE,
)
"""Words with which something is excluded or ended without being denied."""

_CLAUSE_END = regex(r"[,;:.!?()—–](?:\s|$)|\b(?:but|because|so that|unless|except|and)\b", re.IGNORECASE)
_REACH = 4
"""Words after "not" that it can deny."""


def flips(statement: str, source: str) -> bool:
    """Whether the statement turns what its source says of the same words into its opposite."""
    told, said = _denied(statement), _denied(source)
    if told and not _DENIAL.search(source) and not _SOFT.search(source):
        # "never push to main", of "push straight to main"
        return any(len(clause) >= _LEAST and clause <= stems(source) for clause in told)
    if said and not _DENIAL.search(statement) and not _SOFT.search(statement):
        affirmed = stems(statement)
        return any(len(clause) >= _LEAST and clause <= affirmed for clause in said)
    return False


_LEAST = 2
"""Words in which both must agree; one alone may be denied in one place and used in another."""


def _denied(text: str) -> list[frozenset[str]]:
    """The words that each denial of a text reaches."""
    found = []
    for match in _DENIAL.finditer(text):
        clause = _CLAUSE_END.split(text[match.end() :], maxsplit=1)[0]
        reached = stems(" ".join(clause.split()[:_REACH]))
        if reached:
            found.append(reached)
    return found
