"""aiohttp's server; with it comes its client, which nobody here uses.

At its import that client reads all certificate authorities of the machine, which takes as long as the import of all
the rest of aiohttp, and some memory for good.  So it is shown none.  Whoever asks a model's server over TLS does so
with contexts of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["web"]

_PLACES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""Where OpenSSL looks for authorities, of these variables rather than of its own."""


@contextmanager
def _no_authorities() -> Iterator[None]:
    """Meanwhile there are none; to be entered before there are threads, which would see it too."""
    kept = {name: os.environ.get(name) for name in _PLACES}
    os.environ.update(dict.fromkeys(_PLACES, os.devnull))
    try:
        yield
    finally:
        for name, value in kept.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


with _no_authorities():
    from aiohttp import web
