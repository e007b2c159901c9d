"""The Prometheus page, character by character."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.daemon.metrics import Metric, RequestCounter, Sample, render


def test_a_page() -> None:
    page = render(
        [
            Metric(
                "sidecar_jobs", "gauge", "Jobs,\nby state.", (Sample(2, {"state": "b"}), Sample(1.5, {"state": "a"}))
            ),
            Metric("sidecar_bytes_total", "counter", "Bytes.", (Sample(12_345_678),)),
        ]
    )
    assert page == (
        "# HELP sidecar_bytes_total Bytes.\n"
        "# TYPE sidecar_bytes_total counter\n"
        "sidecar_bytes_total 12345678\n"
        "# HELP sidecar_jobs Jobs,\\nby state.\n"
        "# TYPE sidecar_jobs gauge\n"
        'sidecar_jobs{state="a"} 1.5\n'
        'sidecar_jobs{state="b"} 2\n'
    )


@given(st.text())
def test_a_label_of_any_text_stays_within_its_quotes(text: str) -> None:
    page = render([Metric("m", "gauge", "h", (Sample(1, {"l": text}),))])
    assert page.count("\n") == 3
    found = re.fullmatch(r'm\{l="((?:[^"\\]|\\.)*)"\} 1\n', page.split("# TYPE m gauge\n")[1], re.DOTALL)
    assert found is not None
    unescaped = re.sub(r"\\(.)", lambda one: "\n" if one[1] == "n" else one[1], found[1])
    assert unescaped == text


@pytest.mark.parametrize("name", ["", "1a", "a-b", "a b"])
def test_names_that_prometheus_would_refuse(name: str) -> None:
    with pytest.raises(ValueError, match="not a metric's name"):
        Metric(name, "gauge", "h", ())
    with pytest.raises(ValueError, match="not a metric's name"):
        Metric("m", "gauge", "h", (Sample(1, {name: "x"}),))


def test_requests_are_counted_by_route_method_and_status() -> None:
    counter = RequestCounter()
    for status in (200, 200, 404):
        counter.observe("get_memory", "GET", status, 0.25)
    page = render(counter.metrics())
    assert 'sidecar_http_requests_total{method="GET",route="get_memory",status="200"} 2\n' in page
    assert 'sidecar_http_requests_total{method="GET",route="get_memory",status="404"} 1\n' in page
    assert 'sidecar_http_request_seconds_total{route="get_memory"} 0.75\n' in page
