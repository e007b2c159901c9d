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

_TOKENS_AT_ONCE = 2_048
"""Whose vectors are looked up together: two megabytes of them."""

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
            found = _tokens(static, [encodable(word[:MAX_CHARACTERS]) for word in words], whole=True)
        summed = np.zeros(int(static.dim), np.float32)
        for tokens, vector, weight in zip(found, _sums(static, found), words.values(), strict=True):
            if tokens:
                summed += np.float32(weight) * vector
        length = float(np.linalg.norm(summed))
        return summed / length if length else summed

    def _encoded(self, texts: list[str]) -> Vectors:
        """As `StaticModel.encode` to the last bit, whose own way to the sums takes as long again."""
        static = self._static()
        tokens = _tokens(static, texts, whole=False)
        counts = np.array([max(1, len(each)) for each in tokens], np.float32)
        # Rounded as the library does, whatever the model's numbers are.
        kind = np.dtype(np.float32) if static.embedding.dtype == np.int8 else static.embedding.dtype
        means = (_sums(static, tokens) / counts[:, None]).astype(kind)
        found = means.astype(np.float32)
        if static.normalize:
            found = (found / (np.linalg.norm(found, axis=1, keepdims=True) + 1e-32)).astype(kind).astype(np.float32)
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


def _tokens(static: StaticModel, texts: Sequence[str], *, whole: bool) -> list[list[int]]:
    """The tokens of each text, at most as many as the model takes of one unless it is to be `whole`."""
    if whole or static.max_length is None:
        static.tokenizer.no_truncation()
        return static.tokenize(texts)
    static.tokenizer.enable_truncation(static.max_length)
    characters = static.max_length * static.median_token_length
    return static.tokenize([text[:characters] for text in texts])


def _sums(static: StaticModel, found: Sequence[list[int]]) -> Vectors:
    """For each list of tokens the sum of their vectors, each with its weight."""
    sums = np.zeros((len(found), int(static.dim)), np.float32)
    begin = 0
    while begin < len(found):
        end, count = begin + 1, len(found[begin])
        while end < len(found) and count + len(found[end]) <= _TOKENS_AT_ONCE:
            count, end = count + len(found[end]), end + 1
        rows, first = _weighed(static, [token for tokens in found[begin:end] for token in tokens]), 0
        for place in range(begin, end):
            last = first + len(found[place])
            np.add.reduce(rows[first:last], axis=0, out=sums[place])
            first = last
        begin = end
    return sums


def _weighed(static: StaticModel, tokens: list[int]) -> Vectors:
    """The vectors of some tokens, each with its weight."""
    places = np.array(tokens, np.intp)
    held = places if static.token_mapping is None else static.token_mapping[places]
    weights: Any = static.weights  # which `_static_model` has set
    weighed: Vectors = static.embedding.take(held, axis=0) * weights.take(places)[:, None]
    return weighed


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
