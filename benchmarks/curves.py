"""What `scale` measured as tables and as curves in SVG."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

_MEGABYTE = 1_000_000
_WIDTH, _HEIGHT = 640, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 150, 40, 50
_COLOURS = ("#1f6feb", "#d1242f", "#1a7f37", "#8250df")

Found = Mapping[str, Any]
Curve = tuple[str, Sequence[tuple[float, float]]]


def tables(found: Found) -> Mapping[str, str]:
    """The sections of the page."""
    sizes = [found["sizes"][name] for name in sorted(found["sizes"], key=int)]
    rebuild = found["rebuild"]
    tables = {"scale": "\n".join([*_sizes(sizes), "", *_rebuild(rebuild)]), "scale-stages": "\n".join(_stages(sizes))}
    return tables if sizes else {}


def _sizes(sizes: Sequence[Found]) -> list[str]:
    rows: list[tuple[str, list[str]]] = [
        ("memories", [f"{one['memories']:,}" for one in sizes]),
        ("messages", [f"{one['messages']:,}" for one in sizes]),
        ("recall, p50 ms", [f"{one['recall']['p50']:.1f}" for one in sizes]),
        ("recall, p95 ms", [f"{one['recall']['p95']:.1f}" for one in sizes]),
        ("found among ten", [f"{one['recall']['found@10']:.1%}" for one in sizes]),
        ("the engines alone, p50 ms", [f"{one['parts']:.1f}" for one in sizes]),
        ("recall / engines", [f"{one['recall']['p50'] / one['parts']:.2f}" for one in sizes]),
        ("vectors: rec@10", [f"{one['vectors']['rec@10']:.3f}" for one in sizes]),
        ("vectors: ms", [f"{one['vectors']['p50']:.2f}" for one in sizes]),
        ("start to first answer, s", [f"{one['start_s']:.2f}" for one in sizes]),
        ("memory when started, MB", [f"{one['pss_started'] / _MEGABYTE:.0f}" for one in sizes]),
        ("memory after questions, MB", [f"{one['pss_asked'] / _MEGABYTE:.0f}" for one in sizes]),
        ("index / text", [f"{one['index_bytes'] / one['text_bytes']:.2f}" for one in sizes]),
        *(
            (f"  {kind}, bytes a document", [f"{one['index_kinds'][kind] / _documents(one):.0f}" for one in sizes])
            for kind in (sizes[-1]["index_kinds"] if sizes else ())
        ),
        ("archiving and writing, s", [f"{one['fill_s']:.0f}" for one in sizes]),
        ("indexing, s", [f"{one['index_s']:.0f}" for one in sizes]),
        ("32 clients: answers a second", [_of_clients(one, "a_second") for one in sizes]),
        ("32 clients: p99 ms", [_of_clients(one, "p99") for one in sizes]),
        ("32 clients: failed", [_of_clients(one, "failed") for one in sizes]),
        ("  processor, ms: the daemon", [_of_clients(one, "daemon_ms", ".1f") for one in sizes]),
        ("  processor, ms: beside it", [_of_clients(one, "beside_ms", ".1f") for one in sizes]),
        ("  processor, ms: the clients", [_of_clients(one, "clients_ms", ".1f") for one in sizes]),
        ("32 threads: answers a second", [_of_clients(one, "threads", part="a_second") for one in sizes]),
        ("32 threads: p99 ms", [_of_clients(one, "threads", part="p99") for one in sizes]),
    ]
    return [f"{name:<30}" + "".join(f"{cell:>12}" for cell in cells) for name, cells in rows]


def _documents(one: Found) -> int:
    return int(one["memories"] + one["messages"])


def _of_clients(one: Found, name: str, form: str = ".0f", part: str | None = None) -> str:
    if "crowd" not in one:
        return "-"
    found = one["crowd"][name]
    return format(found if part is None else found[part], form)


def _rebuild(one: Found) -> list[str]:
    if not one:
        return ["The index made anew: not measured."]
    return [
        f"The index of {one['files']:,} memory files made anew within {one['seconds']:.0f} s; meanwhile",
        f"{one['recalls']} recalls, {one['failed']} of them without an answer, {one['degraded']} marked degraded:",
        f"p50 {one['p50']:.0f} ms, p95 {one['p95']:.0f} ms.",
    ]


def _stages(sizes: Sequence[Found]) -> list[str]:
    names = list(sizes[-1]["stages"]) if sizes else []
    head = f"{'ms':<12}" + "".join(f"{_documents(one):>12,}" for one in sizes)
    return [head, *(f"{name:<12}" + "".join(f"{one['stages'][name]:>12.2f}" for one in sizes) for name in names)]


def shown(names: Iterable[str]) -> str:
    """The pictures as Markdown."""
    return "\n\n".join(f"![{name.removesuffix('.svg').replace('-', ': ')}]({name})" for name in names)


def pictures(found: Found) -> Mapping[str, str]:
    """The curves by the name of their file."""
    sizes = {int(name): one for name, one in found["sizes"].items()}

    def curve(label: str, value: str, *path: str) -> Curve:
        return label, [(size, _at(one, *path, value)) for size, one in sorted(sizes.items())]

    return {
        "scale-time.svg": _picture(
            "Milliseconds of a recall against memories and messages",
            [curve("p95", "p95", "recall"), curve("p50", "p50", "recall"), curve("engines alone", "parts")],
        ),
        "scale-memory.svg": _picture(
            "Megabytes of memory against memories and messages",
            [
                (label, [(size, value / _MEGABYTE) for size, value in points])
                for label, points in (curve("after questions", "pss_asked"), curve("when started", "pss_started"))
            ],
        ),
    }


def _at(one: Found, *path: str) -> float:
    found: Any = one
    for name in path:
        found = found[name]
    return float(found)


def _picture(title: str, drawn: Sequence[Curve]) -> str:
    """Curves over two logarithmic scales, each named at its end."""
    points = [point for _, curve in drawn for point in curve]
    across = _decades([x for x, _ in points])
    up = _decades([y for _, y in points])
    parts = [_text(_LEFT, _TOP - 18, title, "start")]
    for decade in range(across[0], across[1] + 1):
        x = _scaled(10**decade, across, _LEFT, _WIDTH - _RIGHT)
        parts += [_line(x, _TOP, x, _HEIGHT - _BOTTOM), _text(x, _HEIGHT - _BOTTOM + 20, f"{10**decade:,}", "middle")]
    for decade in range(up[0], up[1] + 1):
        y = _scaled(10**decade, up, _HEIGHT - _BOTTOM, _TOP)
        parts += [_line(_LEFT, y, _WIDTH - _RIGHT, y), _text(_LEFT - 8, y + 4, f"{10.0**decade:g}", "end")]
    for (label, curve), colour in zip(drawn, _COLOURS, strict=False):
        placed = [
            (_scaled(x, across, _LEFT, _WIDTH - _RIGHT), _scaled(y, up, _HEIGHT - _BOTTOM, _TOP)) for x, y in curve
        ]
        way = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        parts.append(f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in placed]
        x, y = placed[-1]
        parts.append(_text(x + 8, y + 4, f"{label}: {curve[-1][1]:.3g}", "start", colour))
    size = f'width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">'
    ground = f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>'
    return "\n".join([head, ground, *parts, "</svg>"]) + "\n"


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def _scaled(value: float, decades: tuple[int, int], begin: float, end: float) -> float:
    share = (math.log10(value) - decades[0]) / (decades[1] - decades[0])
    return begin + share * (end - begin)


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#d0d7de"/>'


def _text(x: float, y: float, text: str, anchor: str, colour: str = "#1f2328") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'
