"""Curation: what a new statement changes in a profile, decided on values alone.

`plan` is pure: it sees the candidate and what the profile already holds about it, and returns changes.  Nothing here
reads a file, asks a model or looks at the clock, so the same view always gives the same plan, and planning again after
an interrupted run repeats only what is missing.  What a model said of neighbours comes in as values (`View.verdicts`),
and is believed only as far as the words themselves do not deny it.
"""

from sidecar.curate.chain import settle
from sidecar.curate.linking import unsettled
from sidecar.curate.planning import plan
from sidecar.curate.retelling import by_rules, retold
from sidecar.curate.sameness import same_statement
from sidecar.curate.view import KEYED_TYPES, Neighbour, View
from sidecar.model import Source
from sidecar.statements import concrete_values


def human_source(origin: str, *, session: str | None, by: str) -> Source:
    """The source of what a person told sidecar directly."""
    return Source(origin=origin, session=session, speaker="user", by=by)


def agent_source(origin: str, *, session: str | None, by: str) -> Source:
    """The source of what an agent told sidecar of its own accord, through a tool: no person has said it."""
    return Source(origin=origin, session=session, speaker="assistant", by=by)


__all__ = [
    "KEYED_TYPES",
    "Neighbour",
    "View",
    "agent_source",
    "by_rules",
    "concrete_values",
    "human_source",
    "plan",
    "retold",
    "same_statement",
    "settle",
    "unsettled",
]
