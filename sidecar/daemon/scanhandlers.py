"""From a parsed request for a scan to its result; as `handlers.py` for the rest."""

from __future__ import annotations

from sidecar.daemon.handlers import Call, Reply
from sidecar.daemon.protocol import Api
from sidecar.wire import requests, scanned


async def scan(api: Api, call: Call[scanned.Scan, requests.NoQuery]) -> Reply:
    """Look for secrets in all that is stored, of all profiles, for about a second; `cursor` goes on with it."""
    return Reply((await api.scanner.step(call.body.cursor)).plain())
