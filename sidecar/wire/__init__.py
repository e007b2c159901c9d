"""What goes over the socket: limits, request and response shapes, strict parsing and the envelope.

`requests` and `shapes` hold the models, `parsing` reads what was sent, `render` turns the words of `model.py` into
shapes, `envelope` and `cursor` are the two formats of our own.

Modules with models do without `from __future__ import annotations`: pydantic would compile the annotation of each of
their fields while the daemon starts, a fifth of what making the models takes.
"""
