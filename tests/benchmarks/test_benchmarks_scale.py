"""The invented homes, the curves, and the guard that recall does not grow slower unnoticed."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from click.testing import CliRunner

from benchmarks import answers, curves, guard, scale, synthetic
from benchmarks.__main__ import main
from benchmarks.bulk import PROFILE, Size, fill, index, opened
from sidecar.recall import Recall, RecallRequest

FIGURES = {
    "memories": 100,
    "messages": 900,
    "recall": {"p50": 3.0, "p95": 8.0, "found@10": 0.75},
    "parts": 2.0,
    "vectors": {"rows": 720, "rec@10": 1.0, "p50": 0.1},
    "start_s": 0.8,
    "pss_started": 90e6,
    "pss_asked": 120e6,
    "index_bytes": 2_000,
    "index_kinds": {"terms": 500, "vectors": 1_500},
    "text_bytes": 1_000,
    "fill_s": 1.0,
    "index_s": 1.0,
    "stages": {"analyse": 0.3, "total": 3.0},
    "crowd": {
        "clients": 32,
        "a_second": 165.0,
        "p99": 256.7,
        "failed": 0,
        "daemon_ms": 1.9,
        "beside_ms": 4.1,
        "clients_ms": 0.27,
        "threads": {"a_second": 160.0, "p99": 270.0, "clients_ms": 0.4},
    },
}


def test_the_guard_holds_on_this_code(tmp_path: Path) -> None:
    found = guard.ratios(tmp_path)
    assert found.keys() == guard.baseline().keys()
    assert guard.too_high(found, guard.baseline()) == {}


def test_recall_answers_as_it_did(tmp_path: Path) -> None:
    """Who makes recall quicker changes no answer; who changes answers writes `python -m benchmarks answers --write`."""
    found = answers.answers(tmp_path)
    assert answers.differing(found, answers.committed()) == []
    assert sum(len(told) > 1 for told in found.values()) > len(found) / 2
    assert answers.differing({**found, next(iter(found)): []}, found) == [next(iter(found))]


def test_the_guard_names_what_has_grown() -> None:
    held = {"recall / engines": 4.0, "index / text": 2.0}
    assert guard.too_high({"recall / engines": 4.0 * guard.MARGIN + 0.1, "index / text": 2.1}, held).keys() == {
        "recall / engines"
    }


def test_an_invented_home_is_the_same_each_time_and_its_questions_have_answers(tmp_path: Path) -> None:
    assert [one.text for one in synthetic.Session(3).messages()] == [
        one.text for one in synthetic.Session(3).messages()
    ]
    size = Size(30, 200)
    assert fill(tmp_path, size, lambda _: None) > 30_000
    index(tmp_path)
    with opened(tmp_path) as parts:
        view, recall = parts.index.view, Recall(parts.index)
        assert view.memories.live(next(iter(view.memories.blocks))) == 30
        assert view.messages.state.documents == 200
        asked = synthetic.questions(5, size.memories, size.messages)
        found = [{hit.id for hit in recall(RecallRequest(one.text, (PROFILE,))).hits} for one in asked]
    assert sum(one.wanted in ids for one, ids in zip(asked, found, strict=True)) >= 3


def test_tables_and_curves_are_made_of_the_figures() -> None:
    found = {"sizes": {"1000": FIGURES, "10000": {**FIGURES, "memories": 1_000, "messages": 9_000}}, "rebuild": {}}
    tables = curves.tables(found)
    assert "recall / engines" in tables["scale"]
    assert "1.50" in tables["scale"]
    assert "vectors, bytes a document" in tables["scale"]
    assert "10,000" in tables["scale-stages"]
    assert [line.split()[-1] for line in tables["scale"].splitlines() if line.startswith("32 clients")] == [
        "165",
        "257",
        "0",
    ]
    for picture in curves.pictures(found).values():
        assert len(list(ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}polyline"))) >= 2


def test_a_run_goes_on_from_the_sizes_that_a_file_has(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    scale.keep(file, {**scale.nothing(), "sizes": {"1000": FIGURES}})
    result = CliRunner().invoke(main, ["scale", "--size", "1000", "--files", "0", "--json", str(file)])
    assert result.exit_code == 0, result.output
    assert "recall, p50 ms" in result.output


def test_tables_and_curves_are_put_into_the_page(tmp_path: Path) -> None:
    file, page = tmp_path / "figures.json", tmp_path / "page.md"
    scale.keep(file, {**scale.nothing(), "sizes": {"1000": FIGURES}})
    marks = [
        f"<!-- {name}:{edge} -->\n" for name in ("scale", "scale-stages", "scale-curves") for edge in ("begin", "end")
    ]
    page.write_text("".join(marks))
    command = ["scale", "--size", "1000", "--files", "0", "--json", str(file), "--write", "--page", str(page)]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    assert "```\nmemories" in page.read_text()
    assert "](scale-time.svg)" in page.read_text()
    assert {path.name for path in tmp_path.glob("*.svg")} == {"scale-memory.svg", "scale-time.svg"}
