"""How a new statement relates to what is known: a narrow question for each neighbour."""

from __future__ import annotations

from collections.abc import Sequence

from sidecar.extract.llm import prompts
from sidecar.extract.llm.answers import Relation
from sidecar.extract.model import Model
from sidecar.model import Candidate, Memory, Verdict

MOST_JUDGED = 4
"""Known memories that one statement is compared with; those further away have little to do with it."""

_MOST_TOKENS = 64


class Judge:
    """Asks a model how statements relate."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def relations(self, statement: Candidate, known: Sequence[Memory]) -> dict[str, Verdict]:
        """The verdict on each of the first MOST_JUDGED known memories, by their ids.

        Raises one of the ModelFailed family; then nothing is judged.
        """
        return {memory.id: self._relation(statement, memory) for memory in known[:MOST_JUDGED]}

    def _relation(self, statement: Candidate, memory: Memory) -> Verdict:
        texts = (
            f"Known statement, of {memory.effective:%Y-%m-%d}: {memory.content}\n"
            f"New statement, of {statement.observed:%Y-%m-%d}: {statement.content}"
        )
        question = f"{texts}\n\n{prompts.text(prompts.RELATION)}"
        return self._model.ask(
            question, Relation, system=prompts.text(prompts.SYSTEM), most_tokens=_MOST_TOKENS
        ).relation
