"""The prompts, the forms of the answers, and the judge."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from fake_ollama import ChatRequest, FakeOllama, Reply
from llm_talk import START, model

from sidecar.errors import ModelFailed
from sidecar.extract.llm import prompts
from sidecar.extract.llm.answers import Classification, Details, Relation, Statements, Verification
from sidecar.extract.llm.judge import MOST_JUDGED, Judge
from sidecar.model import Candidate, Memory, MemoryType, Source

NAMES = (prompts.SYSTEM, prompts.FULL, prompts.DETAIL, prompts.VERIFY, prompts.CLASSIFY, prompts.RELATION)
ANSWERS = (Statements, Details, Verification, Classification, Relation)


def test_prompts_are_package_data_and_all_are_used() -> None:
    folder = Path(prompts.__file__).parent
    assert {path.stem for path in folder.glob("*.txt")} == set(NAMES)
    assert all(len(prompts.text(name)) > 50 for name in NAMES)


def test_prompts_hold_nothing_of_the_benchmark(shared: Path) -> None:
    """Six words in a row, or a number or name of the example, would be a copy."""
    known = " ".join(path.read_text("utf-8") for path in sorted((shared / "sessions" / "dev").glob("*.yaml"))).lower()
    words = re.findall(r"[\w'-]+", known)
    runs = {tuple(words[at : at + 6]) for at in range(len(words) - 5)}
    for name in NAMES:
        own = re.findall(r"[\w'-]+", prompts.text(name).lower())
        assert not [own[at : at + 6] for at in range(len(own) - 5) if tuple(own[at : at + 6]) in runs]
    assert not [word for word in ("skerry", "gannet", "orla") if word in known]


def test_the_transcript_comes_first_and_the_task_last() -> None:
    question = prompts.about("[1] user: hi", "Task: look.", "", "A list")
    assert question == "<transcript>\n[1] user: hi\n</transcript>\n\nTask: look.\n\nA list"


@pytest.mark.parametrize("answer", ANSWERS)
def test_the_form_of_an_answer_cannot_run_on(answer: type[Statements]) -> None:
    schema = answer.model_json_schema()
    assert schema["title"] == answer.__name__
    unbounded = []

    def look(node: object, path: str) -> None:
        if isinstance(node, dict):
            if node.get("type") == "array" and "maxItems" not in node:
                unbounded.append(path)
            if node.get("type") == "string" and not {"maxLength", "enum", "const"} & node.keys():
                unbounded.append(path)
            for key, value in node.items():
                look(value, f"{path}/{key}")

    look({key: value for key, value in schema.items() if key in ("properties", "$defs")}, "")
    assert unbounded == []


def test_content_comes_before_lines_and_type() -> None:
    fields = list(Statements.model_json_schema()["$defs"]["Statement"]["properties"])
    assert fields == ["content", "lines", "type"]


def test_an_answer_beyond_its_bounds_is_read_all_the_same() -> None:
    items = [{"content": "x" * 9000, "lines": list(range(50)), "type": "fact", "mood": "good"}] * 60
    assert len(Statements.model_validate({"statements": items}).statements) == 60


def memory(number: int) -> Memory:
    source = Source("transcript", speaker="user")
    return Memory(f"id{number}", MemoryType.FACT, f"The feeder port is {number}.", "port", START, START, source)


NEW = Candidate(MemoryType.FACT, "The feeder port is 4.", "port", START + timedelta(days=3), Source("transcript"))


def test_the_judge_asks_about_each_known_memory_with_texts_and_days() -> None:
    def answer(request: ChatRequest) -> Reply:
        assert request.title == "Relation"
        assert "New statement, of 2026-09-19: The feeder port is 4." in request.prompt
        assert "Known statement, of 2026-09-16: The feeder port is" in request.prompt
        return Reply.json({"relation": "changed" if "port is 1." in request.prompt else "different"})

    with FakeOllama(answer) as fake:
        assert Judge(model(fake)).relations(NEW, [memory(1), memory(2)]) == {"id1": "changed", "id2": "different"}
        assert Judge(model(fake)).relations(NEW, []) == {}
        assert len(Judge(model(fake)).relations(NEW, [memory(number) for number in range(9)])) == MOST_JUDGED


def test_a_verdict_of_another_kind_is_a_failure() -> None:
    with FakeOllama(lambda _: Reply.json({"relation": "perhaps"})) as fake, pytest.raises(ModelFailed):
        Judge(model(fake)).relations(NEW, [memory(1)])
