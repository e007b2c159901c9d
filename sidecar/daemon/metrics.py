"""Figures in the Prometheus text format, version 0.0.4."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Literal

from sidecar.records import dataclass

CONTENT_TYPE = "text/plain; version=0.0.4"

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


@dataclass(frozen=True, slots=True)
class Sample:
    """One value, and the labels that tell it from the others of its metric."""

    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.  Names begin with `sidecar_`, end with their unit, those of counters with `_total`.

    Raises:
        ValueError: a name that Prometheus would refuse, with everything else of the page.
    """

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    samples: tuple[Sample, ...]

    def __post_init__(self) -> None:
        labels = (label for sample in self.samples for label in sample.labels)
        if not _NAME.fullmatch(self.name) or not all(map(_LABEL.fullmatch, labels)):
            raise ValueError(f"not a metric's name or label: {self!r}")


def render(metrics: Iterable[Metric]) -> str:
    """The page that Prometheus fetches, in a stable order."""
    lines: list[str] = []
    for metric in sorted(metrics, key=lambda one: one.name):
        lines.append(f"# HELP {metric.name} {_escaped(metric.help)}")
        lines.append(f"# TYPE {metric.name} {metric.kind}")
        lines.extend(
            sorted(f"{metric.name}{_labels(sample.labels)} {_number(sample.value)}" for sample in metric.samples)
        )
    return "\n".join([*lines, ""])


def _number(value: float) -> str:
    """In full: `%g` would round a counter beyond a million."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    inside = ",".join(f'{name}="{_quoted(value)}"' for name, value in sorted(labels.items()))
    return "{" + inside + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', '\\"')


class RequestCounter:
    """Counts requests by route, method and status, and the seconds that they took by route.

    Routes are counted by name, never by path: what a stranger asks for must not become a label.
    """

    def __init__(self) -> None:
        self._count: dict[tuple[str, str, int], int] = {}
        self._seconds: dict[str, float] = {}

    def observe(self, route: str, method: str, status: int, seconds: float) -> None:
        """Take one answered request into account."""
        key = (route, method, status)
        self._count[key] = self._count.get(key, 0) + 1
        self._seconds[route] = self._seconds.get(route, 0.0) + seconds

    def metrics(self) -> list[Metric]:
        """The counts as metrics."""
        counts = tuple(
            Sample(count, {"route": route, "method": method, "status": str(status)})
            for (route, method, status), count in self._count.items()
        )
        seconds = tuple(Sample(value, {"route": route}) for route, value in self._seconds.items())
        return [
            Metric("sidecar_http_requests_total", "counter", "Requests answered.", counts),
            Metric("sidecar_http_request_seconds_total", "counter", "Time spent on answering requests.", seconds),
        ]
