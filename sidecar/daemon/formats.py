"""What `status` says of formats: which agents write what this version does not know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sidecar.journal import FileFormat, Journal
from sidecar.transcripts import is_known, newest_known
from sidecar.wire.shapes import FormatState

_KINDS = 20
"""Kinds of records that are named; a format that has changed as a whole has more, and then names help nobody."""

_NAMED = 3
"""Kinds that are named in a sentence about one file."""


def states(journal: Journal) -> list[FormatState]:
    """By agent, what is unknown; nothing of agents of which all is known."""
    files: dict[str, list[FileFormat]] = {}
    for one in journal.formats():
        files.setdefault(one.agent, []).append(one)
    versions: dict[str, dict[str, int]] = {}
    for (agent, version), count in journal.versions().items():
        if not is_known(agent, version):
            versions.setdefault(agent, {})[version] = count
    return [_state(agent, files.get(agent, []), versions.get(agent, {})) for agent in sorted({*files, *versions})]


def flagged(journal: Journal) -> dict[str, str]:
    """The transcripts that are not understood, by path, and why."""
    return {one.path: reason(one) for one in journal.formats() if one.flagged}


def reason(one: FileFormat) -> str:
    """Why nothing is learned from a file, in a sentence."""
    kinds = ", ".join(f"{kind} {count}" for kind, count in list(_by_count(one.unknown).items())[:_NAMED])
    wrote = f" It was written by version {one.version} of the agent." if one.version else ""
    return (
        f"too many records are of kinds that this version does not know ({one.unknown_records}: {kinds});"
        f" it is archived, but nothing is learned from it.{wrote}"
    )


def _state(agent: str, files: list[FileFormat], versions: Mapping[str, int]) -> FormatState:
    kinds: Counter[str] = Counter()
    for one in files:
        kinds.update(one.unknown)
    return FormatState(
        agent=agent,
        files=len(files),
        unknown_records=kinds.total(),
        kinds=dict(list(_by_count(kinds).items())[:_KINDS]),
        damaged=sum(one.damaged for one in files),
        flagged=sum(bool(one.flagged) for one in files),
        versions=dict(versions),
        newest_known=newest_known(agent),
    )


def _by_count(kinds: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(kinds.items(), key=lambda item: (-item[1], item[0])))
