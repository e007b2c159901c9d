"""Texts to vectors, with the model that the settings name.

Loading a model never touches the network: it is the bundled folder, a folder of the user's, or a Hugging Face name
that lies in the local cache already.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sidecar.errors import EmbeddingUnusable
from sidecar.index.documents import encodable
from sidecar.index.tokens import STOP_WORDS

if TYPE_CHECKING:
    from sidecar.index.static import StaticModel

BUNDLED = "bundled"
BUNDLED_FOLDER = Path(__file__).parent / "static-minilm-256"

MAX_CHARACTERS = 3_072
"""Of a text, the part that is embedded: the mean over a longer one says nothing in particular.  It is what model2vec
takes of it at most for the bundled model (512 tokens of six characters), with which indexes were built before."""

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
            return self._static().dimensions

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One row a text, of length 1, or all zero if the model knows none of its words."""
        rows: list[Vectors] = []
        for start in range(0, len(texts), _BATCH):
            with self._lock:
                portion = [encodable(text[:MAX_CHARACTERS]) for text in texts[start : start + _BATCH]]
                rows.append(_of_length_one(self._static().means(portion)))
        return np.concatenate(rows) if rows else np.zeros((0, self.dimensions), np.float32)

    def weighted(self, words: Mapping[str, float]) -> Vectors:
        """One row of length 1 for words with what each of them weighs; all zero if the model knows none of them."""
        with self._lock:
            summed = self._static().weighted(
                {encodable(word[:MAX_CHARACTERS]): weight for word, weight in words.items()}
            )
        length = float(np.linalg.norm(summed))
        return summed / length if length else summed

    def _static(self) -> StaticModel:
        if self._loaded is None:
            self._loaded = _static_model(self._model, self._folder)
        return self._loaded


def _of_length_one(rows: Vectors) -> Vectors:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Vectors = np.where(lengths > 0, rows / np.maximum(lengths, 1e-12), 0).astype(np.float32)
    return unit


def _static_model(model: str, folder: Path) -> StaticModel:
    from sidecar.index.static import StaticModel as Static

    # The tokenizers library raises bare `Exception` for a broken file, so nothing narrower can be named here.
    try:
        return Static(folder, copied=model != BUNDLED, lighter=STOP_WORDS, weight=STOP_WORD_WEIGHT)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EmbeddingUnusable(model=model, why=error) from error
    except Exception as error:
        if type(error) is not Exception:
            raise
        raise EmbeddingUnusable(model=model, why=error) from error


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
