"""Which session a person means by a name."""

from __future__ import annotations

from collections.abc import Sequence

from sidecar.daemon.protocol import SessionName
from sidecar.errors import FieldError, UnknownSession
from sidecar.journal import Journal
from sidecar.model import SessionRef


def named_session(journal: Journal, name: SessionName) -> SessionRef:
    """The one session that is meant.

    Raises:
        UnknownSession: there is none of this name.
        FieldError: there are several, so that the agent or the profile must be named too.
    """
    scopes = {"", str(name.profile)} if name.profile is not None else None
    known = [
        ref
        for ref in journal.named(name.session)
        if name.agent in (None, ref.agent) and (scopes is None or ref.scope in scopes)
    ]
    if not known:
        raise UnknownSession(session=name.session)
    if len(known) > 1:
        field = "agent" if len({ref.agent for ref in known}) > 1 else "profile"
        names = sorted({ref.agent if field == "agent" else ref.scope for ref in known})
        raise FieldError(field=field, problem=f"must be given, as there are several such sessions: of {_all(names)}")
    return known[0]


def _all(names: Sequence[str]) -> str:
    return " and ".join((", ".join(names[:-1]), names[-1]))
