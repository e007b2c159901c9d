"""Names: of profiles, made from folders, and of repositories, as their remotes tell them."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

from sidecar.expressions import regex

PERSONAL = "personal"
"""The profile of what belongs to no project; no project may have its name."""

_LONGEST = 32
"""The limit of a profile's name (section 5 of the contract)."""

_DIGITS = 6
"""How much of the root commit is added to a name that another project has."""

_FALLBACK = "project"

_URL = regex(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?:[^/]*@)?(?P<host>[^/:@]+)(?::\d+)?/(?P<path>.*)", re.IGNORECASE)
_SCP = regex(r"(?:[^/@:]+@)?(?P<host>[^/:@]{2,}):(?P<path>[^:].*)")


def slug(folder: str) -> str:
    """The name of a profile for a folder of this name: `a-z0-9-`, 32 characters at most, never empty."""
    plain = unicodedata.normalize("NFKD", folder.casefold()).encode("ascii", "ignore").decode("ascii")
    return _cut(re.sub(r"[^a-z0-9]+", "-", plain).strip("-"), _LONGEST) or _FALLBACK


def free_name(folder: str, digest: str, taken: Iterable[str]) -> str:
    """A name for a project that none of the others has.

    Args:
        folder: the name of the project's folder.
        digest: hexadecimal digits that are the project's own (its root commit, or the hash of its path).
        taken: the names of the other projects.
    """
    used = {PERSONAL, *taken}
    base = slug(folder)
    names = [base, *(f"{_cut(base, _LONGEST - 1 - n)}-{digest[:n]}" for n in range(_DIGITS, _LONGEST - 1))]
    return next(name for name in names if name not in used)


def path_digest(path: str) -> str:
    """The hexadecimal hash of a path, as agents and we ourselves use it to name a folder."""
    return hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()


def remote_name(url: str) -> str:
    """One name for all the ways to write a remote: `github.com/acme/web`; the path itself for a local one.

    User names and passwords are dropped, so the name may be stored and shown.
    """
    text = re.split(r"[?#]", url.strip(), maxsplit=1)[0]  # what follows may hold a token
    if text.lower().startswith("file://"):
        text = text[len("file://") :]
    match = (_URL if "://" in text else _SCP).fullmatch(text)
    if match is None and "://" in text:
        text = text.split("://")[-1].rsplit("@")[-1]  # no address that git takes, but it may hold a password
    elif match is not None and not text.startswith(("/", ".")):
        text = f"{match['host'].lower()}/{match['path'].lstrip('/')}"
    return text.rstrip("/").removesuffix(".git").rstrip("/")


def remote_names(urls: Iterable[str | None]) -> tuple[str, ...]:
    """The names of several remotes, sorted, each once."""
    return tuple(sorted({remote_name(url) for url in urls if url} - {""}))


def last_part(path: str) -> str:
    """The last part of a path of any system."""
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1]


def _cut(name: str, longest: int) -> str:
    return name[:longest].strip("-")
