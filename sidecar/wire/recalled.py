"""What recall and search answer, and how it is explained: shapes as in `shapes`."""

from typing import Literal

from pydantic import Field

from sidecar.wire.fields import KindName, TypeName
from sidecar.wire.shapes import Camel, Instant, RelatedShape, Shape, ShownPath


class ChannelShape(Shape):
    """What one recall channel said of a candidate, and how much its word weighs beside the others'."""

    rank: int
    score: float = Field(description="On the channel's own scale.")
    weight: float


class CandidateShape(Camel):
    """What was found, most relevant first.  Its own names (`age_days`) are snake_case."""

    id: str
    summary: str
    session_id: str | None
    score: float
    kind: KindName
    type: TypeName | None
    content: str
    profile: str
    path: ShownPath | None
    observed: Instant | None
    speaker: Literal["user", "assistant", "tool"] | None
    age_days: int | None = Field(alias="age_days", description="Whole days between `observed` and the reference date.")
    truncated: bool = Field(description="The content is cut; the archive has all of it.")
    arrived: bool = Field(
        default=False,
        description="Its words came with a shared profile, and nobody here has checked them; else absent.",
    )
    shared_by: str | None = Field(
        default=None, alias="shared_by", description="Who shared them, as its file claims; with `arrived` alone."
    )
    channels: dict[str, ChannelShape] = Field(default_factory=dict, description="With `explain`.")
    related: list[RelatedShape] = Field(
        default_factory=list, description="The active memories to which its `[[links]]` lead; absent if there are none."
    )


class ChannelTotal(Shape):
    """One recall channel: what its votes weigh, and how many candidates it found."""

    weight: float
    found: int


class Reason(Shape):
    """One thing that spoke for an answer (above 0) or against it."""

    why: str
    evidence: float


class DaysShape(Shape):
    """A stretch of days, both counted in."""

    start: str
    end: str


class WithheldShape(Shape):
    """A candidate that an open gate would have let through."""

    id: str
    kind: KindName
    profile: str
    score: float
    summary: str
    content: str
    channels: dict[str, ChannelShape]


class Explanation(Shape):
    """How a recall came to its answer."""

    form: str = Field(description="What kind of question it was taken for.")
    terms: dict[str, float] = Field(description="The words that were looked for, and their weights.")
    everyday: list[str] = Field(description="Those of the words that say little.")
    period: DaysShape | None = Field(
        description="The days that the query names; what is of them comes a little earlier."
    )
    gate: dict[str, bool | float | str | None] = Field(
        description="`open`: anything was relevant; `why`, in words; `evidence`, compared with what is `needed`; "
        "`weighed`: whether that decided, and not a rule."
    )
    reasons: list[Reason] = Field(description="What the evidence is the sum of.")
    channels: dict[str, ChannelTotal]
    withheld: list[WithheldShape] = Field(description="The best that was found, if the gate stayed shut.")
    milliseconds: dict[str, float] = Field(description="The time that each stage took, in their order, and `total`.")


class RecallResult(Shape):
    """The answer and what it rests on; `count` 0 and an empty answer when nothing is relevant."""

    count: int
    answer: str
    candidates: list[CandidateShape]
    explanation: Explanation | None = Field(default=None, description="With `explain`.")
