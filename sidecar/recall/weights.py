"""Every number of recall in one place, each beside its reason."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

RRF_K = 60
"""Of reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009): the first ranks differ little, so that one
channel's favourite does not outvote what several agree on."""

POOL = 50
"""Rows that each channel brings: deep enough for the second channel to confirm, shallow enough to stay quick."""

SAME_SCORE = 1e-4
"""Relative difference below which two scores of a channel are one: as much as the engine's 32 bits may be off."""

SPARE = 10
"""Documents that are read beyond the limit: some are folded into others or ranked down."""

MEMORY_FIELDS: Mapping[str, float] = {
    "content": 1.0,
    "summary": 1.0,
    "key": 1.0,
    "queries": 0.9,  # made up by the extractor, so a little less than what was said
    "keywords": 0.7,
    "tags": 0.7,
}

MESSAGE_FIELDS: Mapping[str, float] = {"text": 1.0, "near": 0.5}
"""A neighbour tells what the talk was about: half of what the message itself does."""

CHANNELS: Mapping[str, float] = {
    "keyword": 1.0,
    "key": 0.6,  # few and precise, but a key is a name, not a statement
    "vector": 0.9,
    "raw": 0.5,  # a verbatim message may be a question, a plan or chatter; a memory was judged worth keeping
    "raw_vector": 0.25,  # in a long talk something is always near; words decide there
}
"""How much a channel's vote weighs.  Each vote is also multiplied by its own strength (see `channels`)."""

LOOSE_MATCH: Mapping[str, float] = {"keyword": 0.5, "raw": 0.75}
"""Of a vote for words, the part that does not depend on how much of the query the document covers: one that has a
loose word of many gets little more than this.  A memory states its matter in full; in talk the rest of the words
stand in the messages around."""

KEY_COVERED = 0.5
"""Of a topic key's words, how many the query must have for the key to vote."""

TASK = 0.6
"""Tasks are passed by soon, and are asked for by name when wanted."""

ASKING = 0.6
"""A message that only asks is found by every question like it, and answers none."""
ASKING_CHARACTERS = 120


class Gate:
    """When there is nothing to say.  The evidence is put together in `gate`; on its scale a cosine counts as it is."""

    NEIGHBOURHOOD = 5
    """Documents whose mean cosine is the second half of the nearness: one near document among thousands may be
    chance, but a store that knows of the matter has several not far away."""

    COVERAGE = 0.15
    """What full coverage of the query's weight by one document adds."""

    UNKNOWN = 0.10
    """What it takes away if no document found has any of the telling words."""

    MESSAGE = 0.9
    """A message's cosine counts less than a memory's: there are many, and one is near by chance."""

    NEEDED: Mapping[str, float] = MappingProxyType({"question": 0.36, "telling": 0.44, "topic": 0.48, "command": 0.55})
    """Evidence that opens.  What is to be explained is often the world and not the project, a statement asks less
    than a question, and an order not at all: most orders share their words with something that was said before."""

    COVERED = 0.6
    """Coverage that opens for what is no order, although the vectors see little, as with names and code."""

    COVERED_NEAR = 0.3
    """The little that they must see: one common word with nothing else in common is no coverage."""

    COVERED_FOREIGN = 0.3
    """What alone decides for a query that is not in Latin letters: the bundled model cannot tell such texts apart.
    Their terms are pairs of characters, many of them grammar, so that even a good document has only some."""

    ORDER_TERMS = 2
    """Telling words of an order that one document must have."""

    EVERYDAY_TERMS = 2
    """Everyday words that a question needs if it has no other: `how do we run the tests`, but not `did it work`."""

    EVERYDAY = 0.25
    """What a word of everyday work with an agent weighs in the coverage, relative to its idf."""


ANSWER_SENTENCES: Mapping[str, int] = {"short": 1, "medium": 3, "long": 6}
ANSWER_HITS = 4
"""Best hits from which sentences are taken."""

ANSWER_SENTENCES_A_HIT = 8
ANSWER_CHARACTERS = 3_000
"""Sentences and characters looked at in one hit: an answer stands near the beginning, or the hit is a dump."""

ANSWER_SENTENCE_CHARACTERS = 400

ANSWER_ASKING = 0.2
"""Of a question's score as a sentence of an answer: it is quoted only where there is nothing else."""

ANSWER_FURTHER = 0.6
"""What a further sentence must reach of the best one's score."""

SUMMARY_CHARACTERS = 160
"""Of a verbatim message, what is given as its summary."""
