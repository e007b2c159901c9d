"""The address of the TCP listener: on this machine alone, whoever else could reach it."""

from __future__ import annotations

import ipaddress
import re

_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<four>[^\s:\[\]]+)):(?P<port>\d{1,5})")
_FORM = "an address of this machine with a port, such as 127.0.0.1:7373"


def read_address(value: object) -> str:
    """`127.0.0.1:7373`, `[::1]:7373` or `localhost:7373` as it will be bound; port 0 takes any that is free.

    Raises ValueError for everything else, first of all for an address that other machines could reach.
    """
    found = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    if found is None or int(found["port"]) > 65_535:
        raise ValueError(f"must be {_FORM}")
    host = found["six"] or found["four"]
    if host.lower() == "localhost":  # a name is looked up, and may be told to be anything
        host = "127.0.0.1"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise ValueError(f"must be {_FORM}") from None
    if not address.is_loopback:
        raise ValueError(f"must be {_FORM}: others could reach {host}, and the memory is for this machine alone")
    return f"[{address}]:{found['port']}" if address.version == 6 else f"{address}:{found['port']}"
