"""From a parsed request for an export or an import to its result; as `handlers.py` for the rest."""

from __future__ import annotations

from sidecar.daemon.handlers import Call, Reply, target_of
from sidecar.daemon.protocol import Api
from sidecar.wire import exchange, requests


async def export(api: Api, call: Call[requests.Nothing, exchange.Export]) -> Reply:
    """Get a whole profile in one file: its memories byte for byte, and line by line what is not among them."""
    target = await target_of(api, call)
    return Reply(await api.exchange.export(target.ref, call.query))


async def bring(api: Api, call: Call[exchange.Import, requests.NoQuery]) -> Reply:
    """Take memories in from files of this machine, or with `dry_run` say what that would write."""
    target, body = await target_of(api, call), call.body
    result = await api.exchange.bring(target.ref, body.paths, body.form, named=not target.routed, dry_run=body.dry_run)
    return Reply(result.plain())
