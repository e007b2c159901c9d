"""Memory files as text: read without loss, changed line by line, written in one canonical form.

A human may have written any of it, so a document keeps its bytes, and `edit` replaces only the lines of the keys that
it is told to change.  Values are read by the type of the *field*, never by what YAML would guess: `key: 007` is a key,
`summary: no` is a word.  The rules are written down for other tools in docs/memory-format.md.
"""

from sidecar.frontmatter.document import REQUIRED, Document, Problem, load_mapping, outline, parse, parse_time, trimmed
from sidecar.frontmatter.editing import REMOVE, edit
from sidecar.frontmatter.nodes import Node, plain_value
from sidecar.frontmatter.writing import dump_mapping, render, time_text

__all__ = [
    "REMOVE",
    "REQUIRED",
    "Document",
    "Node",
    "Problem",
    "dump_mapping",
    "edit",
    "load_mapping",
    "outline",
    "parse",
    "parse_time",
    "plain_value",
    "render",
    "time_text",
    "trimmed",
]
