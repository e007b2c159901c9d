"""One question to a real small model: an answer of the form that was asked for, or an error that says what is wrong."""

from __future__ import annotations

import pytest
from pydantic import BaseModel
from serving import ANSWER_S, NAME, WINDOW, Served

from sidecar.errors import ModelFailed, PromptTruncated
from sidecar.extract.llm import prompts
from sidecar.extract.llm.answers import Classification, Details, Relation, Statements, Verification
from sidecar.extract.model import Model, probe

pytestmark = [pytest.mark.model, pytest.mark.timeout(600)]

TALK = """\
[1] 2026-09-01 Tue 09:00 user: for the record, the gateway of the harbour listens on port 4480
[2] 2026-09-01 Tue 09:01 assistant: Noted.
[3] 2026-09-01 Tue 09:02 user: and always run make check before you commit"""

STATED = "1. The gateway of the harbour listens on port 4480. (lines 1)\n2. Always run make check. (lines 3)"

QUESTIONS: dict[type[BaseModel], str] = {
    Statements: prompts.about(TALK, prompts.text(prompts.FULL)),
    Details: prompts.about(TALK, prompts.text(prompts.DETAIL)),
    Verification: prompts.about(TALK, prompts.text(prompts.VERIFY), f"Statements:\n{STATED}"),
    Classification: f"Statements:\n{STATED}\n\n{prompts.text(prompts.CLASSIFY)}",
    Relation: f"Known statement: The gateway listens on port 4480.\nNew statement: It listens on port 4481.\n\n"
    f"{prompts.text(prompts.RELATION)}",
}


@pytest.fixture
def model(served: Served) -> Model:
    return Model(served.host, served.name, stall_s=60, timeout_s=ANSWER_S)


def _asked(model: Model, form: type[BaseModel]) -> BaseModel | ModelFailed:
    try:
        return model.ask(QUESTIONS[form], form, system=prompts.text(prompts.SYSTEM), most_tokens=768)
    except ModelFailed as error:
        return error


@pytest.mark.parametrize("form", QUESTIONS, ids=lambda form: form.__name__)
def test_it_answers_in_the_form_or_the_error_says_what_is_wrong(model: Model, form: type[BaseModel]) -> None:
    told = _asked(model, form)
    if isinstance(told, ModelFailed):
        assert not told.server_fault, told.message
        assert told.hint
        print(f"{NAME}, {form.__name__}: {told.state}")
    else:
        assert type(told) is form
        print(f"{NAME}, {form.__name__}: {told.model_dump_json()}")


def test_a_question_longer_than_the_window_is_refused_and_the_next_one_answered(model: Model) -> None:
    words = "the boats stayed in the harbour " * (WINDOW // 4)
    with pytest.raises(PromptTruncated):
        model.ask(f"{words}\n{QUESTIONS[Relation]}", Relation, most_tokens=64)
    assert model.ask(QUESTIONS[Relation], Relation, most_tokens=64).relation in ("same", "changed", "different")


def test_the_server_is_found_with_its_model(served: Served) -> None:
    server = probe(served.host, timeout_s=30)
    assert server.reachable
    assert server.has(served.name)
