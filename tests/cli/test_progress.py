"""The line of `sidecar up` on a terminal."""

import pytest

from sidecar.cli.progress import BackfillLine


def test_one_line_is_written_anew_and_ends_with_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    line = BackfillLine()
    for done in (0, 60, 60, 120):
        line(done, 120, finished=False)
    line(120, 120, finished=True)
    line(120, 120, finished=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.split("\r") == [
        "",
        "reading old sessions ░░░░░░░░░░░░░░░░░░░░░░░░ 0 of 120",
        "reading old sessions ████████████░░░░░░░░░░░░ 60 of 120",
        "reading old sessions ████████████████████████ 120 of 120",
        "120 session files read. What they say can be searched; learning goes on.\n",
    ]


def test_where_nothing_is_to_be_read_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    line = BackfillLine()
    line(0, 0, finished=False)
    line(0, 0, finished=True)
    assert capsys.readouterr().err == ""
