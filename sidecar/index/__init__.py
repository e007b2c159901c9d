"""Search over memories and verbatim messages, by words and by meaning: a cache of store and archive."""

from sidecar.index import traits
from sidecar.index.arrays import distinct, foremost
from sidecar.index.block import Block
from sidecar.index.codes import SLACK, candidates
from sidecar.index.columns import TYPES
from sidecar.index.documents import (
    Archive,
    Filters,
    Found,
    IndexedMemory,
    IndexedMessage,
    Kind,
    Lasting,
    MessageDoc,
    MessageGone,
    Source,
    SyncReport,
)
from sidecar.index.index import Index
from sidecar.index.lexical import MAX_COVERAGE_TERMS, stems, term_shares
from sidecar.index.replica import Replica
from sidecar.index.scores import idf
from sidecar.index.shelf import wanted
from sidecar.index.tokens import STOP_WORDS, tokens
from sidecar.index.traits import name_number
from sidecar.index.vectors import BUNDLED, Embedder
from sidecar.index.view import View

__all__ = [
    "BUNDLED",
    "MAX_COVERAGE_TERMS",
    "SLACK",
    "STOP_WORDS",
    "TYPES",
    "Archive",
    "Block",
    "Embedder",
    "Filters",
    "Found",
    "Index",
    "IndexedMemory",
    "IndexedMessage",
    "Kind",
    "Lasting",
    "MessageDoc",
    "MessageGone",
    "Replica",
    "Source",
    "SyncReport",
    "View",
    "candidates",
    "distinct",
    "foremost",
    "idf",
    "name_number",
    "stems",
    "term_shares",
    "tokens",
    "traits",
    "wanted",
]
