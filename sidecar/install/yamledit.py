"""Our entry in a mapping of a YAML file: put in, found again, and taken out, every other byte kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sidecar.errors import SettingsTaken, SettingsUnclear
from sidecar.frontmatter import Node, Problem, dump_mapping, outline, plain_value
from sidecar.records import dataclass

Ours = Callable[[object], bool]


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry `name` below the key `parent` at the top; `ours`: whether one that is found there is of our making."""

    parent: str
    name: str
    value: Mapping[str, object]
    ours: Ours

    def lines(self, indent: str, newline: str) -> str:
        """The entry as it stands in a file."""
        inside = dump_mapping(self.value).decode().splitlines()
        return newline.join([f"{indent}{self.name}:", *(f"{indent}{indent}{line}" for line in inside), ""])

    def whole(self, newline: str = "\n") -> str:
        """The entry with its parent."""
        return f"{self.parent}:{newline}{self.lines('  ', newline)}"


def with_entry(text: str, entry: Entry) -> tuple[str, bool]:
    """The text with our entry, an older one of ours replaced, and whether the parent was made for it.

    Raises:
        SettingsUnclear: it is no YAML that can be edited line by line.
        SettingsTaken: the entry is there and is somebody else's.
    """
    before = _read(text)
    bare = _removed(text, entry)
    newline = "\r\n" if "\r\n" in text else "\n"
    if _holds(before, entry):
        return text, False
    if _child(before, entry) is not None and bare == text:
        raise SettingsTaken(key=f"{entry.parent}.{entry.name}")
    parent = _parent(_read(bare), entry)
    if parent is None:
        closed = bare if not bare or bare.endswith("\n") else f"{bare}{newline}"
        after = f"{closed}{entry.whole(newline)}"
    else:
        after = _put(bare, parent, entry, newline)
    _check(bare, after, entry)
    return after, parent is None


def without_entry(text: str, entry: Entry, *, made: bool) -> str:
    """The text without our entry; `made`: also without its parent, if nothing else is in it."""
    left = _removed(text, entry)
    parent = None if left == text else _parent(_read(left), entry)
    if parent is None or plain_value(parent[1]):
        return left
    key, value = parent
    if made:
        return left[: _line_start(left, key.start)] + left[_line_end(left, max(key.end, value.end)) :]
    if value.kind != "scalar":
        return left
    return f"{left[: key.end]}: {{}}{left[key.end + 1 :]}"  # an empty mapping, as it is no null


def _put(text: str, parent: tuple[Node, Node], entry: Entry, newline: str) -> str:
    key, value = parent
    if value.kind == "map" and value.block:
        first = value.pairs[0][0].start
        start = _line_start(text, first)
        return text[:start] + entry.lines(text[start:first], newline) + text[start:]
    if plain_value(value):
        raise SettingsUnclear(line=text.count("\n", 0, key.start) + 1, why=f"`{entry.parent}` is not a block of keys")
    end = _line_end(text, max(key.end, value.end))
    rest = text[max(key.end + 1, value.end) : end]
    head = f"{text[: key.end]}:{rest}"
    return (head if head.endswith("\n") else f"{head}{newline}") + entry.lines("  ", newline) + text[end:]


def _removed(text: str, entry: Entry) -> str:
    found = _child(_read(text), entry)
    if found is None or not entry.ours(plain_value(found[1])):
        return text
    key, value = found
    return text[: _line_start(text, key.start)] + text[_line_end(text, value.last.end) :]


def _check(before: str, after: str, entry: Entry) -> None:
    """Refuse a text that does not say exactly what was said before, and our entry."""
    ours = _read(entry.whole())
    wanted, found = _value(_read(before)), _value(_read(after))
    held = wanted.get(entry.parent)
    wanted[entry.parent] = {**(held if isinstance(held, dict) else {}), **_held(_value(ours)[entry.parent])}
    if found != wanted:
        raise SettingsUnclear(line=1, why="an entry in it would change what it says")


def _holds(root: Node | None, entry: Entry) -> bool:
    """Whether our entry is there as it is to be; the agent may have added keys of its own to it."""
    found = _child(root, entry)
    if found is None or not entry.ours(plain_value(found[1])):
        return False
    there = _held(plain_value(found[1]))
    wanted = _held(_held(_value(_read(entry.whole()))[entry.parent])[entry.name])
    return all(there.get(key) == value for key, value in wanted.items())


def _read(text: str) -> Node | None:
    found = outline(text)
    if isinstance(found, Problem):
        raise SettingsUnclear(line=found.line or 1, why=found.reason)
    return found


def _parent(root: Node | None, entry: Entry) -> tuple[Node, Node] | None:
    return next((pair for pair in (root.pairs if root else ()) if pair[0].text == entry.parent), None)


def _child(root: Node | None, entry: Entry) -> tuple[Node, Node] | None:
    parent = _parent(root, entry)
    return next((pair for pair in (parent[1].pairs if parent else ()) if pair[0].text == entry.name), None)


def _value(root: Node | None) -> dict[str, object]:
    return {} if root is None else _held(plain_value(root))


def _held(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _line_start(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1


def _line_end(text: str, index: int) -> int:
    """The beginning of the next line."""
    end = text.find("\n", index)
    return len(text) if end < 0 else end + 1
