"""Regular expressions that are compiled when they are first used.

Several hundred of them, most for extraction and the search for secrets, took a fifth of the time in which the daemon
starts (docs/decisions/0013-what-a-start-costs.md), and no answer to a question needs them all.  Nothing is imported at
the first use, so that a package that was replaced meanwhile does not matter.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, Generic, cast


class _Late(Generic[AnyStr]):
    """Stands for a pattern, and has each of its attributes from the first use of it on."""

    def __init__(self, pattern: AnyStr, flags: int) -> None:
        self.pattern: AnyStr = pattern
        self._flags = flags

    def __repr__(self) -> str:
        return f"regex({self.pattern!r})"

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the pattern has
        if name == "_compiled":
            self._compiled: re.Pattern[AnyStr] = re.compile(self.pattern, self._flags)
            return self._compiled
        found = getattr(self._compiled, name)
        setattr(self, name, found)  # found without coming here from now on: as quick as the pattern itself
        return found


def regex(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """What `re.compile` gives, but compiled at the first use; an error in it is raised then.

    For patterns of modules, which a test compiles all.  Not for the functions of `re`, which want one of their own.
    """
    return cast("re.Pattern[AnyStr]", _Late(pattern, flags))
