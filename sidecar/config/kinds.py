"""The kinds of value that a setting can have: how each is checked, and how the documentation names it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import field, fields
from typing import Any, cast

from sidecar.records import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value.  `read` takes what YAML gave and returns the setting's value, or raises ValueError(why)."""

    title: str
    read: Callable[[object], object]


@dataclass(frozen=True, slots=True)
class Spec:
    """What is known of one setting apart from its default; lies in the metadata of its dataclass field."""

    kind: Kind
    help: str
    unit: str | None = None
    reloadable: bool = False
    later: bool = False


def setting(
    default: object,
    kind: Kind,
    help: str,  # noqa: A002 - the word that users see
    *,
    unit: str | None = None,
    reloadable: bool = False,
    later: bool = False,
) -> Any:  # noqa: ANN401 - as dataclasses.field, it stands for a value of any type
    """A dataclass field that carries its own validation and documentation.

    `reloadable` says that a running daemon can take over a new value at SIGHUP; `later`, that the value is checked but
    that nothing in this version looks at it yet.
    """
    return field(default=default, metadata={"spec": Spec(kind, help, unit, reloadable, later)})


def specs(section: type) -> dict[str, Spec]:
    """The settings of a section class by name, in the order of their declaration."""
    return {item.name: cast("Spec", item.metadata["spec"]) for item in fields(section) if "spec" in item.metadata}


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("must be true or false")


BOOLEAN = Kind("true or false", _boolean)


def text(pattern: str = r"\S(?:.*\S)?", what: str = "text") -> Kind:
    """Words that match a pattern as a whole; `what` names them in messages and in the documentation."""

    def read(value: object) -> str:
        if isinstance(value, str) and re.fullmatch(pattern, value):
            return value
        raise ValueError(f"must be {what}")

    return Kind(what, read)


def choice(*allowed: str) -> Kind:
    """One of some words."""
    title = " or ".join(allowed) if len(allowed) < 3 else f"one of {', '.join(allowed)}"

    def read(value: object) -> str:
        if isinstance(value, str) and value in allowed:
            return value
        raise ValueError(f"must be {title}")

    return Kind(title, read)


def whole(low: int, high: int) -> Kind:
    """A whole number between two bounds, both included."""
    title = f"a whole number from {low} to {high}"

    def read(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        raise ValueError(f"must be {title}")

    return Kind(title, read)


def number(low: float, high: float) -> Kind:
    """A number between two bounds, both included; always a float afterwards."""
    title = f"a number from {low:g} to {high:g}"

    def read(value: object) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
            return float(value)
        raise ValueError(f"must be {title}")

    return Kind(title, read)


def optional(kind: Kind) -> Kind:
    """The same kind, or null."""

    def read(value: object) -> object:
        if value is None:
            return None
        try:
            return kind.read(value)
        except ValueError as error:
            raise ValueError(f"{error}, or null") from error

    return Kind(f"{kind.title}, or null", read)


def either(word: str, kind: Kind) -> Kind:
    """One special word, or a value of another kind."""

    def read(value: object) -> object:
        if value == word:
            return word
        try:
            return kind.read(value)
        except ValueError as error:
            raise ValueError(f"must be {word}, or {str(error).removeprefix('must be ')}") from error

    return Kind(f"{word}, or {kind.title}", read)


def sequence(item: Kind, what: str) -> Kind:
    """A list whose entries are all of one kind; a problem names the entry, counted from 0."""

    def read(value: object) -> tuple[object, ...]:
        if not isinstance(value, list | tuple):
            raise ValueError(f"must be {what}")  # noqa: TRY004 - every kind reports a bad value alike
        found = []
        for index, entry in enumerate(value):
            try:
                found.append(item.read(entry))
            except ValueError as error:
                raise ValueError(f"[{index}] {error}") from error
        return tuple(found)

    return Kind(what, read)


def mapping(value: object, allowed: tuple[str, ...], what: str) -> Mapping[str, object]:
    """A mapping with known keys only, or ValueError; the helper of kinds that are small objects."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ValueError(f"must be {what}")
    unknown = sorted(set(value) - set(allowed))
    if unknown:
        raise ValueError(f"has the unknown key {unknown[0]}; known are {', '.join(allowed)}")
    return cast("Mapping[str, object]", value)
