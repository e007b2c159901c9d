"""`profile.yaml` of three trees, key by key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sidecar.frontmatter import Problem, dump_mapping, load_mapping
from sidecar.merge.values import three_way, united

_ORDER: Final = ("format", "uuid", "name", "project", "root_commit", "remotes", "share", "remote")


def merged_profile(base: bytes | None, one: bytes, other: bytes) -> bytes:
    """What only one side changed is taken over byte for byte; of what both did, the smaller value counts."""
    if one == other or other == base:
        return one
    if one == base:
        return other
    first, second = load_mapping(one), load_mapping(other)
    if isinstance(first, Problem) or isinstance(second, Problem):
        readable = [data for data, found in ((one, first), (other, second)) if not isinstance(found, Problem)]
        return min(readable or [one, other])
    before = load_mapping(base) if base is not None else {}
    return dump_mapping(_mapping({} if isinstance(before, Problem) else before, first, second))


def _mapping(base: Mapping[str, object], one: Mapping[str, object], other: Mapping[str, object]) -> dict[str, object]:
    names = [*_ORDER, *sorted((one.keys() | other.keys()).difference(_ORDER))]
    values = {name: _value(name, base.get(name), one.get(name), other.get(name)) for name in names}
    return {name: value for name, value in values.items() if name in one or name in other}


def _value(name: str, base: object, one: object, other: object) -> object:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return _mapping(base if isinstance(base, Mapping) else {}, one, other)
    if isinstance(one, list) and isinstance(other, list):
        old = base if isinstance(base, list) else []
        return list(three_way(old, one, other, lambda a, b: list(united(*([str(x) for x in v] for v in (old, a, b))))))
    value = three_way(base, one, other, lambda a, b: min((v for v in (a, b) if v is not None), key=str, default=None))
    return int(value) if name == "format" and isinstance(value, str) and value.isdecimal() else value
