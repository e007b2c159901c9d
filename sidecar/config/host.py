"""Where the model runs: the address of the Ollama server, and whether it is this machine."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

_PORT = 11434
_ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared, not listened on


def read_host(value: object) -> str:
    """An address as a URL, read as the `ollama` command reads OLLAMA_HOST: scheme and port may be missing.

    A server that listens on all addresses is spoken to on loopback.  Raises ValueError.
    """
    problem = "must be the address of an Ollama server, such as http://127.0.0.1:11434"
    if not isinstance(value, str) or not value.strip() or any(character.isspace() for character in value.strip()):
        raise ValueError(problem)
    given = value.strip()
    with_scheme = given if "://" in given else f"http://{_bracketed(given)}"
    try:
        parts = urlsplit(with_scheme)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(problem) from error
    if parts.scheme not in ("http", "https") or (not host and not port):
        raise ValueError(problem)
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not contain a user name or password")
    name = "127.0.0.1" if not host or host in _ANY_ADDRESS else host
    if port is None and "://" not in given:
        port = _PORT
    shown = f"[{name}]" if ":" in name else name
    return f"{parts.scheme}://{shown}{f':{port}' if port else ''}{parts.path.rstrip('/')}"


def _bracketed(given: str) -> str:
    """A bare IPv6 address needs brackets before it can stand in a URL."""
    try:
        return f"[{ipaddress.IPv6Address(given)}]"
    except ValueError:
        return given


def is_local(url: str) -> bool:
    """Whether a model address is this machine, judged by the name alone: nothing is looked up."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def says_cloud(model: str) -> bool:
    """Whether a model's name says that Ollama runs it on servers of its own (`gpt-oss:120b-cloud`, `kimi-k2:cloud`)."""
    return "cloud" in model.lower()
