"""The figures of section 5 of the contract, in one place; the API's documents read them from here."""

from __future__ import annotations

MESSAGES = 500
"""Messages in one ingest."""

MESSAGE_BYTES = 32_768
"""UTF-8 bytes of one message, and of one remembered text."""

QUERY_BYTES = 1_024
"""UTF-8 bytes of a query."""

SESSION_CHARACTERS = 64
"""Characters of a session id."""

AGENT_SESSION_CHARACTERS = 512
"""Characters of a session's name in a transcript, which may come from a file's name."""

NAME_CHARACTERS = 32
"""Characters of a namespace's or profile's name."""

PAGE = 20
PAGE_MAX = 500

CANDIDATES_MAX = 100

PATHS = 1_000
"""Transcript files named in one request; a folder counts as one."""

PATH_BYTES = 4_096
"""PATH_MAX of Linux; macOS allows less."""

JSON_DEPTH = 16
"""Nesting of a request body.  Ours needs four; the rest is room for fields of clients that we ignore."""

BODY_BYTES = 1 << 20
"""The largest body of every route but ingest: the largest text, with every character escaped, takes a fifth of it."""

HOOK_BODY_BYTES = (4 << 20) + 1024
"""The largest body of a hook: what the hook itself passes on, and the frame around it."""

INGEST_BODY_BYTES = MESSAGES * MESSAGE_BYTES * 3 + BODY_BYTES
"""The largest body of an ingest.

Text at the full limits must fit as JSON.  Escaping (`\\u00e9` for two bytes, `\\n` for one) triples it at worst,
control characters apart; what is left of the sum is for braces, roles and timestamps.
"""
