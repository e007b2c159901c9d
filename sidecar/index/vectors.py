"""Texts to vectors: the only module that knows model2vec.

Loading a model never touches the network: it is the bundled folder, a folder of the user's, or a Hugging Face name
that lies in the local cache already.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sidecar.errors import EmbeddingUnusable
from sidecar.index.documents import encodable
from sidecar.index.tensors import mapped
from sidecar.index.tokens import STOP_WORDS

if TYPE_CHECKING:
    from model2vec import StaticModel

BUNDLED = "bundled"
BUNDLED_FOLDER = Path(__file__).parent / "static-minilm-256"

MAX_CHARACTERS = 4096
"""Of a text, the part that is embedded: the mean over a longer one says nothing in particular."""

_BATCH = 64
"""Texts encoded under one hold of the lock: a query waits some milliseconds for a rebuild, not for all of it."""

STOP_WORD_WEIGHT = 0.3
"""Of a stop word in a document's vector.  A mean over all words makes texts alike that share `every`, `which`, `was`;
without those words at all, short talk says nothing.  For what a query's words weigh see `weighted`."""

_IDENTITY_FILES = ("config.json", "tokenizer.json", "model.safetensors")

Vectors = NDArray[np.float32]


class Embedder:
    """A static embedding model.  `name` states the model and a hash of its files: what an index was built with.

    The model itself is imported and read at the first `encode`.  Safe to use from several threads.
    """

    def __init__(self, model: str, folder: Path) -> None:
        self.name = f"{model}@{_fingerprint(model, folder)}"
        self._model = model
        self._folder = folder
        self._lock = threading.Lock()
        self._loaded: StaticModel | None = None

    @classmethod
    def load(cls, model: str = BUNDLED) -> Embedder:
        """The embedder for a setting: `bundled`, a folder, or a Hugging Face name.

        Raises EmbeddingUnusable if its files are not on this machine.
        """
        if model == BUNDLED:
            return cls(BUNDLED, BUNDLED_FOLDER)
        folder = Path(model).expanduser()
        if folder.is_dir():
            return cls(model, folder)
        return cls(model, _cached(model))

    @property
    def dimensions(self) -> int:
        """Numbers in a vector; loads the model."""
        with self._lock:
            return int(self._static().dim)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One row a text, of length 1, or all zero if the model knows none of its words."""
        rows: list[Vectors] = []
        for start in range(0, len(texts), _BATCH):
            with self._lock:
                rows.append(self._encoded([encodable(text[:MAX_CHARACTERS]) for text in texts[start : start + _BATCH]]))
        return np.concatenate(rows) if rows else np.zeros((0, self.dimensions), np.float32)

    def weighted(self, words: Mapping[str, float]) -> Vectors:
        """One row of length 1 for words with what each of them weighs; all zero if the model knows none of them."""
        with self._lock:
            static = self._static()
            pieces = static.encode_as_sequence([encodable(word[:MAX_CHARACTERS]) for word in words])
        summed = np.zeros(int(static.dim), np.float32)
        for piece, weight in zip(pieces, words.values(), strict=True):
            summed += np.float32(weight) * np.asarray(piece, np.float32).sum(axis=0)
        length = float(np.linalg.norm(summed))
        return summed / length if length else summed

    def _encoded(self, texts: list[str]) -> Vectors:
        found = np.asarray(self._static().encode(texts, use_multiprocessing=False), dtype=np.float32)
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        unit: Vectors = np.where(lengths > 0, found / np.maximum(lengths, 1e-12), 0).astype(np.float32)
        return unit

    def _static(self) -> StaticModel:
        if self._loaded is None:
            self._loaded = _static_model(self._model, self._folder)
        return self._loaded


def _static_model(model: str, folder: Path) -> StaticModel:
    # A query is a few words: threads to cut them cost more than the cutting, above all on a busy machine.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # The tokenizers library raises bare `Exception` for a broken file, so nothing narrower can be named here.
    try:
        static = _read(folder, copied=model != BUNDLED)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EmbeddingUnusable(model=model, why=error) from error
    except Exception as error:
        if type(error) is not Exception:
            raise
        raise EmbeddingUnusable(model=model, why=error) from error
    static.weights = _without_weight(static)
    static.tokens = ()  # 6 MB of words, which encoding does not look at
    return static


def _read(folder: Path, *, copied: bool) -> StaticModel:
    """A model as `StaticModel.from_pretrained` reads it, whose imports and copies take 35 MB more.

    `copied`: not as pages of the file, for somebody else's file may be cut short while it is in use.
    """
    from model2vec import StaticModel as Static
    from model2vec.model import DEFAULT_MAX_LENGTH
    from tokenizers import Tokenizer

    config = json.loads((folder / "config.json").read_bytes())
    arrays = mapped(folder / "model.safetensors")
    if copied:
        arrays = {name: array.copy() for name, array in arrays.items()}
    return Static(
        vectors=arrays["embeddings"],
        tokenizer=Tokenizer.from_file(str(folder / "tokenizer.json")),
        config=config,
        normalize=config.get("normalize", False),
        weights=arrays.get("weights"),
        token_mapping=arrays.get("mapping"),
        max_length=config.get("max_length", DEFAULT_MAX_LENGTH),
    )


def _without_weight(static: StaticModel) -> Vectors:
    """The model's own weights of its tokens (1 where it has none), with stop words reduced."""
    own = np.ones(len(static.tokens), np.float32) if static.weights is None else static.weights
    stops = np.array([token in STOP_WORDS for token in static.tokens])
    reduced: Vectors = np.where(stops, own * STOP_WORD_WEIGHT, own).astype(np.float32)
    return reduced


def _cached(model: str) -> Path:
    import huggingface_hub
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    download: Any = huggingface_hub.snapshot_download
    try:
        return Path(download(model, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError, OSError) as error:
        raise EmbeddingUnusable(
            model=model,
            why="no such folder, and not in the local Hugging Face cache (nothing is downloaded)",
            hint=f"Fetch it once with `hf download {model}`, or set embedding.model to `bundled`.",
        ) from error


def _fingerprint(model: str, folder: Path) -> str:
    digest = hashlib.sha256()
    for name in _IDENTITY_FILES:
        try:
            content = (folder / name).read_bytes()
        except OSError as error:
            raise EmbeddingUnusable(model=model, why=error) from error
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()[:16]
