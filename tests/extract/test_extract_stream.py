"""Judging texts around a model: how long they are, what repeats itself, what is thought and what is said."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import AnswerCut, AnswerRepeating, ModelFailed
from sidecar.extract.server import ModelTraits
from sidecar.extract.stream import (
    WINDOWS,
    Collected,
    Ending,
    least_tokens,
    most_tokens,
    repeats_itself,
    window,
    without_thoughts,
)

PROSE = "The build runs on two machines, and the one in the cellar is slower than the other by a factor of three. "


@given(st.text())
def test_the_bounds_of_a_text_are_in_order(text: str) -> None:
    assert 0 <= least_tokens(text) <= most_tokens(text) <= max(len(text), 1)


@given(st.text(), st.text())
def test_more_text_has_no_fewer_tokens(one: str, other: str) -> None:
    assert least_tokens(f"{one} {other}") >= least_tokens(one)
    assert most_tokens(f"{one} {other}") >= most_tokens(one)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [(PROSE, 23), ("sha256:9f86d081884c7d659a2feaa0c55ad015", 29), ("數據庫在端口五四三二上運行", 13), (" " * 40, 3)],
)
def test_what_texts_really_have_lies_between_the_bounds(text: str, tokens: int) -> None:
    assert least_tokens(text) <= tokens <= most_tokens(text)


@given(st.integers(0, 50_000), st.integers(1, 8000), st.none() | st.integers(512, 300_000))
def test_a_window_holds_what_it_is_for(prompt: int, answer: int, longest: int | None) -> None:
    found = window(prompt, answer, longest)
    if found is None:
        assert prompt + answer > min(WINDOWS[-1], longest or WINDOWS[-1]) - 500
    else:
        assert prompt + answer < found
        assert found in (*WINDOWS, longest)
        assert longest is None or found <= longest


@pytest.mark.parametrize(
    "text",
    [
        "",
        PROSE,
        "-" * 200,
        json.dumps([{"text": f"Port {port} is open.", "lines": [port]} for port in range(200)]),
        json.dumps([{"kind": "fact", "text": word * 3} for word in ("red", "green", "blue")] * 3, indent=8),
        f"{PROSE * 4} And then it ended.",
    ],
)
def test_what_does_not_repeat_itself(text: str) -> None:
    assert not repeats_itself(text)


@given(st.text(min_size=1, max_size=900), st.text(max_size=300))
def test_what_repeats_itself(unit: str, before: str) -> None:
    """A unit whose end occurs in it as well is seen a little later, for the stop is looked for as the text grows."""
    text = before + unit * max(6, 600 // len(unit))
    grown = [text + unit[:more] for more in range(0, len(unit), max(1, len(unit) // 40))]
    assert any(map(repeats_itself, grown))


@given(st.text())
def test_json_is_left_as_it_is(text: str) -> None:
    said = json.dumps({"text": f"{text}</think>"}, ensure_ascii=False)
    assert without_thoughts(said) == said
    assert without_thoughts(f"<think>{text}</think>{said}").endswith(said)


def test_an_answer_is_bounded_in_what_is_said_and_in_what_is_thought() -> None:
    for said, thought in (("abcdefghijk", ""), ("", "abcdefghijk")):
        with pytest.raises(AnswerCut):
            Collected("m", most=10).add(said, thought)
    with pytest.raises(AnswerRepeating):
        Collected("m", most=1000).add("", "and so on " * 40)


@pytest.mark.parametrize(
    ("ending", "fits"),
    [
        (Ending(100, 50, "stop"), True),
        (Ending(0, 0, "stop"), True),
        (Ending(79, 50, "stop"), False),
        (Ending(900, 100, "stop"), False),
        (Ending(100, 50, "length"), False),
        (Ending(100, 50, None), True),
        (None, False),
    ],
)
def test_an_answer_counts_only_if_it_is_whole(ending: Ending | None, fits: bool) -> None:
    collected = Collected("m", most=1000)
    collected.add("{}", "")
    try:
        text = collected.whole(ending, window=1000, least=80, from_cache=lambda _read: False)
    except ModelFailed:
        assert not fits
    else:
        assert (text, fits) == ("{}", True)


def test_too_few_tokens_may_come_from_the_cache() -> None:
    collected = Collected("m", most=1000)
    collected.add("{}", "")
    asked: list[int] = []
    assert collected.whole(
        Ending(3, 1, "stop"), window=1000, least=80, from_cache=lambda read: asked.append(read) is None
    )
    assert asked == [3]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ({}, ModelTraits()),
        ({"model_info": None, "capabilities": "thinking"}, ModelTraits()),
        ({"model_info": {"qwen3.context_length": "long", "x.context_length": -1}}, ModelTraits()),
        ({"model_info": {"qwen3.context_length": 40960}}, ModelTraits(longest=40960)),
        ({"capabilities": ["completion", "thinking"]}, ModelTraits(thinks=True)),
        ({"remote_model": "gpt-oss:120b"}, ModelTraits(elsewhere=True)),
    ],
)
def test_what_a_server_says_of_a_model(shown: dict[str, object], expected: ModelTraits) -> None:
    assert ModelTraits.read(shown) == expected
