"""From a parsed request about the archive to its result; as `handlers.py` for the rest."""

from __future__ import annotations

from sidecar.daemon.handlers import Call, Page, Reply, session_name, target_of
from sidecar.daemon.protocol import Api, SearchFor
from sidecar.errors import FieldError
from sidecar.wire import archived, cursor, requests

_OFFSET_DIGITS = 9
"""No session has a thousand million messages, and what has is no number for a database."""


async def search(api: Api, call: Call[archived.SearchHere, requests.NoQuery]) -> Reply:
    """Find archived messages of all roles by their words, with what stands around them and how to go on with them."""
    ref, routed = await target_of(api, call)
    body = call.body
    wanted = SearchFor(
        query=body.query,
        session=body.session_id,
        agent=body.agent,
        since=body.since,
        limit=body.limit,
        everywhere=body.everywhere,
        routed=routed,
        now=call.now,
    )
    candidates = [found.plain() for found in await api.archive.search(ref, wanted)]
    return Reply({"count": len(candidates), "candidates": candidates})


async def show_session(api: Api, call: Call[requests.Nothing, archived.ShowSession]) -> Reply:
    """Show a session as it went: its messages in their order, and how to go on with it in its agent."""
    query = call.query
    name = session_name(call, call.path["session"], query.agent, query.profile, query.namespace)
    told = cursor.decode(query.cursor) if query.cursor else "0"
    if not (told.isdecimal() and told.isascii() and len(told) <= _OFFSET_DIGITS):
        raise FieldError(field="cursor", problem="is none of this list")
    offset = int(told)
    found = await api.archive.session(name, offset=offset, limit=query.per_page)
    reached = offset + len(found.messages)
    more = cursor.encode(str(reached)) if reached < found.total else None
    return Reply(found.plain(), Page(more, query.per_page, len(found.messages)))
