"""Values that the daemon and its own child hand each other: packed by pickle, unpacked as what they may be alone.

pickle would call whatever the bytes name.  The child reads what strangers wrote, so the daemon takes no more from it
than plain values and the shapes of a transcript: a child that somebody has turned can tell lies, and run nothing here.
"""

from __future__ import annotations

import io
import pickle
from dataclasses import is_dataclass
from typing import Final

_PLAIN: Final = frozenset({"datetime", "timezone", "timedelta", "PosixPath", "frozenset", "set"})
_FROM: Final = ("datetime", "pathlib", "builtins")
_OURS: Final = "sidecar."


def packed(value: object) -> bytes:
    """A value as bytes."""
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def unpacked(data: bytes) -> object:
    """The value.  Raises ValueError if it is none of ours, or anything else than data is in it."""
    try:
        return _Plain(io.BytesIO(data)).load()
    except (pickle.UnpicklingError, ValueError, TypeError, LookupError, EOFError, AttributeError, ImportError) as error:
        raise ValueError(f"no value of ours: {error}") from error


class _Plain(pickle.Unpickler):
    """Finds our own data classes, moments and paths."""

    def find_class(self, module: str, name: str) -> object:
        if module.partition(".")[0] in _FROM and name in _PLAIN:
            return super().find_class(module, name)
        if module.startswith(_OURS) and "." not in name:
            found = super().find_class(module, name)
            if isinstance(found, type) and is_dataclass(found):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no data")
