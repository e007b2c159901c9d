"""How cases are written down: a text in which what stands between « and » is the secret."""

import base64
import hashlib
import json
import random
import re
import string
from collections.abc import Callable
from dataclasses import dataclass

_MARKED = re.compile("«(.*?)»", re.DOTALL)
# A leak of this many characters of a longer secret counts as a leak of all of it.
WINDOW = 16


@dataclass(frozen=True)
class Secret:
    """One case: a text as an agent or a person would write it, and what in it nobody else may read.

    Attributes:
        name: unique, in words.
        form: the kind of secret or context that it stands for.
        text: what is said, or what the command printed.
        hidden: the secret parts of the text.
        command: the command line of which the text is the output, or nothing.
    """

    name: str
    form: str
    text: str
    hidden: tuple[str, ...]
    command: str = ""


@dataclass(frozen=True)
class Harmless:
    """A look-alike: a text of which redaction should take nothing."""

    name: str
    form: str
    text: str
    command: str = ""


def secret(form: str, name: str, marked: str, command: str = "") -> Secret:
    """A case from a text whose secrets are marked «so»; in `command` marks count as well."""
    hidden = tuple(_MARKED.findall(marked)) + tuple(_MARKED.findall(command))
    if not hidden:
        raise ValueError(f"no secret is marked in {name}")
    return Secret(name, form, _MARKED.sub(r"\1", marked), hidden, _MARKED.sub(r"\1", command))


def harmless(form: str, name: str, text: str, command: str = "") -> Harmless:
    """A look-alike."""
    return Harmless(name, form, text, command)


def windows(hidden: str) -> list[str]:
    """What is searched for to find a secret or a telling part of it: itself, or every few characters of a long one."""
    if len(hidden) < WINDOW + 4:
        return [hidden]
    return [hidden[at : at + WINDOW] for at in range(0, len(hidden) - WINDOW + 1, 4)]


class Maker:
    """Characters as key generators make them, always the same for the same seed."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def of(self, letters: str, count: int) -> str:
        """So many of these letters."""
        return "".join(self._random.choice(letters) for _ in range(count))

    def hexes(self, count: int) -> str:
        """Lower-case hexadecimal digits."""
        return self.of("0123456789abcdef", count)

    def digits(self, count: int) -> str:
        """Decimal digits, the first no zero."""
        return self.of("123456789", 1) + self.of(string.digits, count - 1)

    def alnum(self, count: int) -> str:
        """Letters of both cases and digits, some of each."""
        made = self.of(string.ascii_letters + string.digits, count)
        return made if re.search(r"\d", made) and re.search("[a-z]", made) else self.alnum(count)

    def upper(self, count: int) -> str:
        """Capitals and digits, as in AWS's key ids and base32."""
        return self.of(string.ascii_uppercase + "234567", count)

    def lower(self, count: int) -> str:
        """Small letters and digits."""
        return self.of(string.ascii_lowercase + string.digits, count)

    def url64(self, count: int) -> str:
        """The letters of URL-safe base64, without one of its signs at the ends."""
        return self.alnum(2) + self.of(string.ascii_letters + string.digits + "-_", count - 4) + self.alnum(2)

    def data(self, count: int) -> bytes:
        """Random bytes."""
        return self._random.randbytes(count)

    def b64(self, count: int) -> str:
        """So many random bytes in base64."""
        return base64.b64encode(self.data(count)).decode()

    def uuid(self) -> str:
        """A random UUID."""
        made = self.hexes(32)
        return f"{made[:8]}-{made[8:12]}-4{made[13:16]}-a{made[17:20]}-{made[20:]}"

    def jwt(self, claims: dict[str, object] | None = None) -> str:
        """A signed token of three parts."""
        parts = [
            {"alg": "HS256", "typ": "JWT"},
            claims or {"sub": self.digits(9), "name": "made up", "iat": 1763000000},
        ]
        first, second = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
        return f"{first}.{second}.{self.url64(43)}"

    def pem(self, label: str, size: int = 600, join: str = "\n") -> str:
        """A block between BEGIN and END lines, its body marked line by line."""
        body = self.b64(size)
        lines = [f"«{body[at : at + 64]}»" for at in range(0, len(body), 64)]
        return join.join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----"])

    def sha(self, kind: Callable[[bytes], "hashlib._Hash"] = hashlib.sha256) -> str:
        """A digest of random bytes, in hexadecimal digits."""
        return kind(self.data(20)).hexdigest()


def b64(text: str) -> str:
    """A text in base64."""
    return base64.b64encode(text.encode()).decode()
