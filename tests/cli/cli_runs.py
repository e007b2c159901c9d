"""What a command line did, as the tests see it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Outcome:
    code: int
    out: str
    err: str


Run = Callable[..., Outcome]
