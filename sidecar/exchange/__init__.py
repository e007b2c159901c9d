"""Memories that leave and memories that come from elsewhere, as values: files in, statements out, and the other way.

form       whose files they are: our own export, basic-memory's notes, Claude Code's memory, mem0's export
statement  what somebody else's memory says; curation decides what becomes of it
piece      one of our own files with its place: a memory, or the tombstone of one
left out   what could not be taken along, line by line: where it stands, what it is, why, and what to do about it

Nothing here knows the store or the daemon, and nothing is written but an export.
"""

from sidecar.exchange.export import FORMATS, Header, media_type, write
from sidecar.exchange.reading import FORMS, gathered, read
from sidecar.exchange.words import Form, Found, LeftOut, Piece, Statement, digest, shortened

__all__ = [
    "FORMATS",
    "FORMS",
    "Form",
    "Found",
    "Header",
    "LeftOut",
    "Piece",
    "Statement",
    "digest",
    "gathered",
    "media_type",
    "read",
    "shortened",
    "write",
]
