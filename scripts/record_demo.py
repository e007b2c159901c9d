"""Record `sidecar demo` as docs/demo.svg: `python scripts/record_demo.py`.

The demo really runs, on a terminal of its own; its output becomes a picture that plays like a recording and needs no
script.  Where animations are off, the first screen is shown.
"""

from __future__ import annotations

import os
import pty
import re
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path
from subprocess import Popen

CHECKOUT = Path(__file__).resolve().parents[1]
TARGET = CHECKOUT / "docs" / "demo.svg"

_COLUMNS, _ROWS = 100, 34
_CELL_WIDTH, _LINE_HEIGHT, _MARGIN, _BAR = 8.4, 18, 16, 30
_SECONDS_TYPING, _SECONDS_PLAYING, _SECONDS_RESTING = 1.0, 15.0, 4.0
"""20 seconds in all; the end stays."""

_COMMAND = "sidecar demo"
_STYLES = {"1": "b", "2": "d", "31": "r", "32": "g", "33": "y"}


def record() -> list[str]:
    """The lines that the demo prints on a terminal, with their escape sequences."""
    leader, follower = pty.openpty()
    environ = {**os.environ, "COLUMNS": str(_COLUMNS), "PYTHONPATH": str(CHECKOUT), "TERM": "xterm-256color"}
    environ.pop("NO_COLOR", None)
    process = Popen([sys.executable, "-m", "sidecar", "demo"], stdout=follower, stderr=follower, env=environ)
    os.close(follower)
    output = b"".join(_pieces(leader))
    os.close(leader)
    if process.wait():
        raise SystemExit(output.decode("utf-8", "replace"))
    text = output.decode("utf-8", "replace").replace("\r\n", "\n")
    text = re.sub(r"\bby: [^},]+", "by: ines@laptop", text)  # who records it is nobody's business
    return [line.rpartition("\r")[2] for line in text.rstrip().split("\n")]


def _pieces(descriptor: int) -> Iterator[bytes]:
    while True:
        try:
            piece = os.read(descriptor, 65_536)
        except OSError:  # how Linux says that the other end was closed
            return
        if not piece:
            return
        yield piece


def picture(lines: list[str]) -> str:
    """The lines as an SVG that plays them."""
    width = round(_COLUMNS * _CELL_WIDTH + 2 * _MARGIN)
    height = _ROWS * _LINE_HEIGHT + 2 * _MARGIN + _BAR
    rows = [f'<tspan class="g">$</tspan> <tspan class="b">{_COMMAND}</tspan>', *map(_styled, lines)]
    total = _SECONDS_TYPING + _SECONDS_PLAYING + _SECONDS_RESTING
    texts = [
        f'<text y="{(n + 1) * _LINE_HEIGHT}" style="animation-delay:{_appears(n, len(rows)):.2f}s">{row}</text>'
        for n, row in enumerate(rows)
    ]
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" viewBox="0 0 {width} {height}">',
            "<title>sidecar demo</title>",
            f"<style>{_css(len(rows), total)}</style>",
            f'<rect width="{width}" height="{height}" rx="8" fill="#161b22"/>',
            *(f'<circle cx="{18 + 18 * n}" cy="16" r="5.5" fill="{c}"/>' for n, c in enumerate(_BUTTONS)),
            f'<svg x="{_MARGIN}" y="{_BAR}" width="{width - 2 * _MARGIN}" height="{height - _BAR - _MARGIN}">',
            '<g class="screen">',
            *texts,
            "</g>",
            "</svg>",
            "</svg>",
            "",
        )
    )


_BUTTONS = ("#ff5f56", "#ffbd2e", "#27c93f")


def _appears(number: int, count: int) -> float:
    """When a line is printed, in seconds: the command at once, the rest evenly."""
    return 0.0 if number == 0 else _SECONDS_TYPING + _SECONDS_PLAYING * (number - 1) / max(count - 1, 1)


def _css(count: int, total: float) -> str:
    """Each line fades in at its time; once the screen is full, it moves up by a line with each new one."""
    steps = ["0%{transform:none}"]
    for number in range(_ROWS, count):
        share = 100 * _appears(number, count) / total
        steps.append(f"{share:.2f}%{{transform:translateY(-{(number - _ROWS + 1) * _LINE_HEIGHT}px)}}")
    last = max(count - _ROWS, 0) * _LINE_HEIGHT
    steps.append(f"100%{{transform:translateY(-{last}px)}}")
    return (
        "text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:#c9d1d9;white-space:pre;"
        "animation:show .01s backwards}"
        ".b{font-weight:bold;fill:#f0f6fc}.d{fill:#8b949e}.r{fill:#ff7b72}.g{fill:#7ee787}.y{fill:#e3b341}"
        f".screen{{animation:move {total:g}s step-end forwards}}"
        "@keyframes show{from{opacity:0}}"
        f"@keyframes move{{{''.join(steps)}}}"
        "@media(prefers-reduced-motion:reduce){text,.screen{animation:none}}"
    )


def _styled(line: str) -> str:
    """A line with its escape sequences as spans."""
    parts = []
    classes: list[str] = []
    for piece in re.split(r"(\x1b\[[0-9;]*m)", line):
        if piece.startswith("\x1b["):
            codes = piece[2:-1].split(";")
            classes = [] if codes in (["0"], [""]) else [*classes, *(_STYLES[c] for c in codes if c in _STYLES)]
        elif piece:
            text = escape(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", piece), quote=False)
            parts.append(f'<tspan class="{" ".join(classes)}">{text}</tspan>' if classes else text)
    return "".join(parts)


def main() -> None:
    """Run the demo and write the picture."""
    TARGET.write_text(picture(record()), "utf-8")


if __name__ == "__main__":
    main()
