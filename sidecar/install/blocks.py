"""One delimited block at the end of a text file (TOML, Markdown): everything of ours lies in it, and nothing else."""

from __future__ import annotations

import re
import tomllib

from sidecar.errors import SettingsTaken, SettingsUnclear
from sidecar.records import dataclass


@dataclass(frozen=True, slots=True)
class Block:
    """The two lines that delimit the block; whatever follows the words that begin them may differ between versions."""

    start: str
    end: str

    @property
    def pattern(self) -> re.Pattern[str]:
        """The block with its two lines, wherever it stands."""
        return re.compile(
            rf"^{re.escape(self.start)}[^\n]*\n(?:(?!{re.escape(self.start)}).*\n)*?{re.escape(self.end)}[^\n\r]*",
            re.MULTILINE,
        )

    def inserted(self, text: str, note: str, body: str) -> str:
        """The text with the block: in the place of an older one, else at the end.  One line break before it is ours."""
        newline = "\r\n" if "\r\n" in text else "\n"
        closing = "" if not self.end.startswith("<!--") else " -->"
        block = newline.join([f"{self.start}{note}{closing}", *body.strip("\n").split("\n"), self.end + closing])
        found = self.pattern.search(text)
        if found:
            return text[: found.start()] + block + text[found.end() :]
        if not text:
            return f"{block}{newline}"
        # A file that does not end with a line break shall not end with one when the block has gone again.
        return f"{text}{newline}{block}{newline if text.endswith(newline) else ''}"

    def removed(self, text: str) -> str:
        """The text without the block and without the line break that came with it: the inverse of `inserted`."""
        found = self.pattern.search(text)
        if not found:
            return text
        before, after = text[: found.start()], text[found.end() :]
        newline = "\r\n" if after.startswith("\r\n") or before.endswith("\r\n") else "\n"
        before = before.removesuffix(newline)
        return before + (after.removeprefix(newline) if not before or before.endswith(newline) else after)


TOML = Block("# sidecar:start", "# sidecar:end")
MARKDOWN = Block("<!-- sidecar:start", "<!-- sidecar:end")


def with_toml(text: str, note: str, body: str, table: tuple[str, ...]) -> str:
    """A TOML file with our block; everything else in it says what it said before.

    Raises:
        SettingsUnclear: it is no TOML, or not such that a table can follow at its end.
        SettingsTaken: the table that is ours by name is there already, outside of our block.
    """
    bare = _parsed(TOML.removed(text))
    held: object = bare
    for key in table:
        held = held.get(key) if isinstance(held, dict) else None
    if held is not None:
        raise SettingsTaken(key=".".join(table))
    fresh = TOML.inserted(text, note, body)
    if _parsed(fresh) != _merged(bare, _parsed(body)):
        raise SettingsUnclear(line=fresh.count("\n"), why="a table at its end would change what it says")
    return fresh


def _parsed(text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"line (\d+)", str(error))
        raise SettingsUnclear(line=int(place[1]) if place else 1, why=f"it is not TOML: {error}") from None


def _merged(one: dict[str, object], other: dict[str, object]) -> dict[str, object]:
    found = dict(one)
    for key, value in other.items():
        held = found.get(key)
        found[key] = _merged(held, value) if isinstance(held, dict) and isinstance(value, dict) else value
    return found
