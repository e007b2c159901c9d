"""What a model may answer, one class for each question.

The JSON schema is the form that the server holds the model to, so its bounds are what keeps an answer from running on.
They bind the model alone: an answer that exceeds them all the same is cut in code, not refused.  The content comes
before the lines and these before the type, because a small model finds what it has written easier to label.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from sidecar.model import Verdict

MOST_STATEMENTS = 20
"""Statements of one chunk; ten thousand characters of talk rarely hold half as many that last."""

MOST_QUERIES = 5
MOST_KEYWORDS = 8

Kind = Literal["fact", "event", "instruction", "task"]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Statement(_Answer):
    """Something worth keeping, the numbers of the lines that say it, and what it is."""

    content: str = Field(json_schema_extra={"maxLength": 400})
    lines: list[int] = Field(json_schema_extra={"maxItems": 6})
    type: Kind


class Statements(_Answer):
    """The answer of the full pass."""

    statements: list[Statement] = Field(json_schema_extra={"maxItems": MOST_STATEMENTS})


class Detail(_Answer):
    """A statement about a concrete value."""

    content: str = Field(json_schema_extra={"maxLength": 300})
    lines: list[int] = Field(json_schema_extra={"maxItems": 6})


class Details(_Answer):
    """The answer of the detail pass."""

    details: list[Detail] = Field(json_schema_extra={"maxItems": MOST_STATEMENTS})


class Check(_Answer):
    """What became of one numbered statement; `content` is the corrected one, and empty for the others."""

    number: int
    verdict: Literal["passed", "corrected", "dropped"]
    content: str = Field(default="", json_schema_extra={"maxLength": 400})


class Verification(_Answer):
    """The answer of the verification."""

    checks: list[Check] = Field(json_schema_extra={"maxItems": MOST_STATEMENTS})


class Classified(_Answer):
    """What one numbered statement is about.  `occurred` is an ISO date, empty for what is no event."""

    number: int
    key: str = Field(json_schema_extra={"maxLength": 60})
    summary: str = Field(json_schema_extra={"maxLength": 120})
    keywords: list[str] = Field(
        json_schema_extra={"maxItems": MOST_KEYWORDS, "items": {"type": "string", "maxLength": 40}}
    )
    queries: list[str] = Field(
        json_schema_extra={"maxItems": MOST_QUERIES, "items": {"type": "string", "maxLength": 120}}
    )
    type: Kind
    scope: Literal["project", "personal"] = "project"
    occurred: str = Field(default="", json_schema_extra={"maxLength": 10})


class Classification(_Answer):
    """The answer of the classification."""

    items: list[Classified] = Field(json_schema_extra={"maxItems": MOST_STATEMENTS})


class Relation(_Answer):
    """How a new statement relates to a known one."""

    relation: Verdict
