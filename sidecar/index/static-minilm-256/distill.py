"""Rebuild the bundled model: distil all-MiniLM-L6-v2 into a static table.

Needs `torch` and `model2vec[distill]`, and the transformer's folder (config, tokenizer and weights), which may lie
inside a wheel or zip archive that carries it below a folder named `model/`.

usage: distill.py FOLDER_OR_ARCHIVE DESTINATION
"""  # noqa: INP001 - a script beside the data that it makes, not a module

from __future__ import annotations

import sys
import tempfile
import zipfile
from pathlib import Path

from model2vec.distill import distill
from model2vec.model import quantize_model

DIMENSIONS = 256
SIF = 1e-4


def main(source: Path, destination: Path) -> None:
    """Write the quantized table for the transformer in `source` to `destination`."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = source if source.is_dir() else _unpacked(source, Path(scratch))
        model = distill(str(folder), pca_dims=DIMENSIONS, sif_coefficient=SIF, device="cpu")
    quantize_model(model, quantize_to="int8").save_pretrained(str(destination))


def _unpacked(archive: Path, folder: Path) -> Path:
    with zipfile.ZipFile(archive) as packed:
        for name in packed.namelist():
            _, found, below = name.partition("/model/")
            if found and below and not name.endswith("/"):
                target = folder / below
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(packed.read(name))
    return folder


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
