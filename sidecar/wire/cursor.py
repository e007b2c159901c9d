"""Where the next page of a list begins, as an opaque text.

A cursor names the last item that was given, not a number of items: what is added or removed meanwhile neither repeats
nor hides anything.
"""

from __future__ import annotations

import base64
import binascii

from sidecar.errors import FieldError

_FORMAT = b"1:"
"""Format number; a cursor of another one is refused, not misread."""


def encode(last: str) -> str:
    """The cursor after the item that sorts as `last`."""
    return base64.urlsafe_b64encode(_FORMAT + last.encode("utf-8")).decode("ascii").rstrip("=")


def decode(cursor: str) -> str:
    """What `encode` was given; raises FieldError if it was not ours."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        if raw.startswith(_FORMAT):
            return raw.removeprefix(_FORMAT).decode("utf-8")
    except (binascii.Error, ValueError):
        pass
    raise FieldError(field="cursor", problem="is not one that this API gave")
