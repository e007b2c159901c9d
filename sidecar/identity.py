"""Names that are computed from what a memory says: the same words at the same moment are the same memory anywhere.

Pure functions, shared by every part that has to know an identity before (curation) or after (the store) a file exists.
The rules are written down for other tools in docs/memory-format.md.
"""

from __future__ import annotations

import functools
import hashlib
import unicodedata
from datetime import UTC, datetime

from sidecar.expressions import regex
from sidecar.model import MemoryType

ID_LENGTH = 26
"""Characters of a ULID: 10 for the time, 16 for the rest."""

_TIME_LENGTH = 10
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U
_RANDOM_BITS = 80
_MAX_MILLISECONDS = (1 << 48) - 1
_ID = regex(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_NOT_IN_KEY = regex(r"[^a-z0-9/]+")


def encodable(text: str) -> str:
    """The text with lone surrogates, which no UTF-8 file can hold, replaced by U+FFFD."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def normalized(content: str) -> str:
    """The content as it counts for identity: Unicode NFC, each run of white space one space, none at the ends."""
    return " ".join(unicodedata.normalize("NFC", encodable(content)).split())


def content_hash(memory_type: MemoryType, content: str) -> str:
    """SHA-256, in hex, over `<type>`, a line feed and the normalized content."""
    return hashlib.sha256(f"{memory_type.value}\n{normalized(content)}".encode()).hexdigest()


def memory_id(memory_type: MemoryType, content: str, observed: datetime) -> str:
    """The ULID of a memory: its time part is `observed` in whole seconds, the rest the head of the content hash.

    Whole seconds because files state no finer time: the id can be computed again from the file alone.
    """
    milliseconds = min(max(int(observed.timestamp()), 0) * 1000, _MAX_MILLISECONDS)
    head = int(content_hash(memory_type, content)[: _RANDOM_BITS // 4], 16)
    number = (milliseconds << _RANDOM_BITS) | head
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(5 * (ID_LENGTH - 1), -1, -5))


@functools.lru_cache(maxsize=16)
def content_part(memory_type: MemoryType, content: str) -> str:
    """The part of a ULID that the words alone decide: what all memories of these words end with."""
    return memory_id(memory_type, content, datetime.fromtimestamp(0, UTC))[_TIME_LENGTH:]


def is_memory_id(text: str) -> bool:
    """Whether the text is a ULID in its canonical, upper-case form."""
    return _ID.fullmatch(text) is not None


def normalized_key(text: str) -> str:
    """A topic key in its canonical form: lower-case `a-z0-9/-`, no empty segment; empty if nothing is left."""
    plain = unicodedata.normalize("NFKD", text).lower()
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    segments = (segment.strip("-") for segment in _NOT_IN_KEY.sub("-", plain).split("/"))
    return "/".join(segment for segment in segments if segment)
