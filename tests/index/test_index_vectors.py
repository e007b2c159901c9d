"""The bundled model works offline, is loaded late, and a model that cannot be used is named."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_builders import tiny_model
from model2vec import StaticModel

from sidecar.errors import EmbeddingUnusable
from sidecar.index import STOP_WORDS, Embedder, static
from sidecar.index.vectors import BUNDLED_FOLDER, MAX_CHARACTERS, STOP_WORD_WEIGHT

_TEXTS = ["the port is 8443", "crane " * 700, "+a" * 600, "x" * 300, "会議で決めた", "Motor\x00 jammed", "of the"]


@pytest.fixture(scope="module")
def library() -> StaticModel:
    """The bundled model as its own library reads it, with stop words reduced as ours are."""
    model = StaticModel.from_pretrained(BUNDLED_FOLDER)
    model.weights = np.where([token in STOP_WORDS for token in model.tokens], STOP_WORD_WEIGHT, 1).astype(np.float32)
    return model


def test_vectors_are_of_length_one_and_meaning_is_near(embedder: Embedder) -> None:
    texts = ["the car would not start", "the automobile failed to start", "we baked a chocolate cake"]
    vectors = embedder.encode(texts)
    assert vectors.shape == (3, embedder.dimensions)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2


def test_what_the_model_does_not_know_has_no_vector(embedder: Embedder) -> None:
    assert not embedder.encode(["", "   "]).any()
    assert embedder.encode([]).shape == (0, embedder.dimensions)


def test_the_name_states_the_weights(tmp_path: Path) -> None:
    folder = tiny_model(tmp_path / "model")
    first = Embedder.load(str(folder)).name
    assert Embedder.load(str(folder)).name == first
    tiny_model(folder, seed=99)
    assert Embedder.load(str(folder)).name != first
    assert first.startswith(f"{folder}@")


def test_the_bundled_models_hash_is_that_of_its_files() -> None:
    by_files = Embedder("as a folder", BUNDLED_FOLDER).name
    assert Embedder.load().name.partition("@")[2] == by_files.partition("@")[2]


def test_a_folder_of_the_users(tmp_path: Path) -> None:
    mine = Embedder.load(str(tiny_model(tmp_path / "model", dimensions=16)))
    assert mine.dimensions == 16
    assert mine.encode(["pnpm", "nothing known"]).any(axis=1).tolist() == [True, False]


@pytest.mark.parametrize("name", ["nobody/no-such-model", "not a name at all", "/nowhere/at/all", ""])
def test_a_model_that_is_not_here_is_not_fetched(name: str) -> None:
    with pytest.raises(EmbeddingUnusable):
        Embedder.load(name)


@pytest.mark.parametrize("file", ["tokenizer.json", "model.safetensors", "config.json"])
@pytest.mark.parametrize("content", [None, b"", b"{}", b"\x00\xff noise"])
def test_a_broken_model_is_named(tmp_path: Path, file: str, content: bytes | None) -> None:
    folder = tiny_model(tmp_path / "model")
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_bytes(content)
    if (file, content) == ("config.json", b"{}"):
        assert Embedder.load(str(folder)).encode(["pnpm"]).any(), "every key of it has a default"
        return
    with pytest.raises(EmbeddingUnusable, match="model"):
        Embedder.load(str(folder)).encode(["pnpm"])


def test_the_bundled_folder_is_complete() -> None:
    names = {path.name for path in BUNDLED_FOLDER.iterdir()}
    assert {"LICENSE.txt", "README.md", "config.json", "distill.py", "model.safetensors", "tokenizer.json"} <= names
    assert "Apache License" in (BUNDLED_FOLDER / "LICENSE.txt").read_text()


def test_the_engine_is_imported_at_the_first_use() -> None:
    code = (
        "import sys; from sidecar.index import Embedder; found = Embedder.load()\n"
        "assert 'tokenizers' not in sys.modules\n"
        "found.encode(['x']); assert 'tokenizers' in sys.modules\n"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)


def test_loading_needs_no_network(tmp_path: Path) -> None:
    """With no route out at all: any attempt to connect or resolve a name fails loudly."""
    code = (
        "import socket\n"
        "def refuse(*a, **k): raise SystemExit('network')\n"
        "socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse\n"
        "from sidecar.index import Embedder\n"
        "Embedder.load().encode(['x'])\n"
        "from sidecar.errors import EmbeddingUnusable\n"
        "try: Embedder.load('some/model')\n"
        "except EmbeddingUnusable: print('refused')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "refused\n", "")


def test_several_threads_get_what_one_gets(embedder: Embedder) -> None:
    texts = [f"sentence number {number} about {'ports' * (number % 3)}" for number in range(200)]
    alone, results = embedder.encode(texts), {}

    def work(name: int) -> None:
        results[name] = embedder.encode(texts)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert all(np.array_equal(alone, result) for result in results.values())


def test_a_copy_of_the_bundled_model_embeds_the_same(tmp_path: Path, embedder: Embedder) -> None:
    copy = shutil.copytree(BUNDLED_FOLDER, tmp_path / "copy")
    assert np.array_equal(Embedder.load(str(copy)).encode(["a port"]), embedder.encode(["a port"]))


def test_stop_words_hardly_count_in_a_text(embedder: Embedder) -> None:
    """Texts that share only `every`, `which`, `what` and the like are not alike."""
    plain, dressed, other = embedder.encode(
        [
            "crane motor jammed",
            "what was it that was with the crane motor, which was jammed",
            "what was it that was with it",
        ]
    )
    assert plain @ dressed > 0.8
    assert plain @ other < 0.4


def test_words_are_weighed_as_told(embedder: Embedder) -> None:
    crane, motor = embedder.encode(["crane", "motor"])
    mostly = embedder.weighted({"crane": 3.0, "motor": 1.0})
    assert mostly @ crane > mostly @ motor
    assert np.isclose(np.linalg.norm(mostly), 1, atol=1e-5)
    assert np.allclose(embedder.weighted({"crane": 0.5}), crane, atol=1e-5)


def test_without_known_words_there_is_no_direction(embedder: Embedder) -> None:
    for words in ({}, {"": 1.0}, {"crane": 0.0}):
        assert not embedder.weighted(words).any()
        assert embedder.weighted(words).shape == (embedder.dimensions,)


def test_a_lone_surrogate_is_only_an_unknown_word(embedder: Embedder) -> None:
    assert embedder.weighted({"crane\ud800": 1.0}).shape == (embedder.dimensions,)


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=60) | st.sampled_from(_TEXTS), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_texts_are_embedded_as_the_library_does(embedder: Embedder, library: StaticModel, texts: list[str]) -> None:
    found = np.asarray(library.encode(texts), np.float32)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    expected = np.where(lengths > 0, found / np.maximum(lengths, 1e-12), 0).astype(np.float32)
    assert np.allclose(embedder.encode(texts), expected, atol=1e-6)


@given(st.dictionaries(st.text(min_size=1, max_size=12) | st.sampled_from(_TEXTS), st.floats(0.125, 8), max_size=9))
@settings(max_examples=40, deadline=None)
def test_words_are_embedded_as_the_library_does(
    embedder: Embedder, library: StaticModel, words: dict[str, float]
) -> None:
    summed = np.zeros(embedder.dimensions, np.float32)
    for piece, weight in zip(
        library.encode_as_sequence([word[:MAX_CHARACTERS] for word in words]), words.values(), strict=True
    ):
        summed += np.float32(weight) * np.asarray(piece, np.float32).sum(axis=0)
    length = float(np.linalg.norm(summed))
    assert np.allclose(embedder.weighted(words), summed / length if length else summed, atol=1e-6)


@pytest.mark.parametrize("whose", ["bundled", "tiny"])
def test_the_vectors_are_those_of_model2vec(tmp_path: Path, whose: str) -> None:
    folder = BUNDLED_FOLDER if whose == "bundled" else tiny_model(tmp_path / "model")
    texts = [
        "pnpm workspace",
        "the port of the database",
        "",
        "nothing known: \u00fc \U0001f600",
        "web " * 3_000,
        "x" * 90,
    ]
    theirs = StaticModel.from_pretrained(folder).encode(texts)
    ours = static.StaticModel(folder, copied=False, lighter=(), weight=1.0).means(
        [text[:MAX_CHARACTERS] for text in texts]
    )
    lengths = np.linalg.norm(ours, axis=1, keepdims=True)
    assert np.allclose(ours / np.maximum(lengths, 1e-12), theirs, atol=1e-6)
    assert theirs.any(axis=1).tolist()[:3] == [True, True, False]


def test_a_model_whose_tokens_share_vectors(tmp_path: Path) -> None:
    """Its vocabulary is quantized: a mapping from tokens to fewer vectors, and a weight for each token."""
    whole = StaticModel.from_pretrained(tiny_model(tmp_path / "whole"))
    mapping, weights = np.array([0, 0, 1, 1, 2, 2, 3, 3]), np.linspace(0.2, 1.6, 8).astype(np.float32)
    folder = tmp_path / "shared"
    shared = StaticModel(whole.embedding[:4], whole.tokenizer, weights=weights, token_mapping=mapping, normalize=True)
    shared.save_pretrained(folder)
    texts = ["pnpm workspace port", "deploy staging", "pnpm"]
    theirs = StaticModel.from_pretrained(folder).encode(texts)
    assert np.allclose(Embedder.load(str(folder)).encode(texts), theirs, atol=1e-6)
