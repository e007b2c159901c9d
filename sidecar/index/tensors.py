"""The arrays of a safetensors file without copying them: pages of the file, read when they are first looked at.

The library of that format copies what it reads.
The format is small: eight bytes with the length of a JSON header, the header, the arrays
(https://huggingface.co/docs/safetensors).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LENGTH_BYTES = 8

_TYPES: Mapping[str, str] = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "<i1", "U8": "<u1",
}  # fmt: skip
"""Names of the format for what numpy has too; it has no bfloat16."""


def mapped(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a file by name, read-only; nobody may cut the file short while they are used.

    Raises OSError, and ValueError for what is no such file or has numbers that numpy does not know.
    """
    whole = np.memmap(path, np.uint8, "r").view(np.ndarray)
    length = int.from_bytes(whole[:_LENGTH_BYTES].tobytes(), "little")
    data = whole[_LENGTH_BYTES + length :]
    header = json.loads(whole[_LENGTH_BYTES : _LENGTH_BYTES + length].tobytes())
    if not isinstance(header, dict):
        raise ValueError("its header is no mapping")  # noqa: TRY004 - the file is wrong, not the argument
    return {name: _array(data, told) for name, told in header.items() if name != "__metadata__"}


def _array(data: NDArray[np.uint8], told: Mapping[str, Any]) -> NDArray[Any]:
    """One array, which lies in `data` where its entry of the header says."""
    try:
        begin, end = told["data_offsets"]
        return data[begin:end].view(_TYPES[told["dtype"]]).reshape(told["shape"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"its header is wrong or has numbers of an unknown kind ({error})") from error
