"""Every number of recall in one place, each beside its reason."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

POOL = 50
"""Rows that each channel brings: deep enough for the second channel to confirm, shallow enough to stay quick."""

LOOKED_AT = 15
"""Of these, the first ones whose words the gate looks at: what covers the query best is among the best by words."""

SAME_SCORE = 1e-4
"""Relative difference below which two scores of a channel are one: as much as the engine's 32 bits may be off."""

SPARE = 10
"""Documents that are read beyond the limit, of a high limit half as many: some fold into others or are ranked down."""

MEMORY_FIELDS: Mapping[str, float] = {
    "content": 1.0,
    "summary": 1.0,
    "key": 1.0,
    "queries": 0.9,  # made up by the extractor, so a little less than what was said
    "keywords": 0.7,
    "tags": 0.7,
}


class Talk:
    """What a message is worth: a sum of what is known of it.

    The numbers are those of a listwise logistic regression (the right message or session against all others) over
    four sets of conversations, relative to WORDS and rounded.  What each of them brings, and how well the fit does on
    conversations that it has not seen, is in `docs/decisions/0004-order-of-messages.md`.
    """

    POOL = 300
    """Messages that the search by words brings, and POOL_NEAR those that the search by meaning does: what is further
    down is not brought up by its surroundings."""
    POOL_NEAR = 100

    WORDS = 1.0
    """Of its own words, as a share of what the query's words weigh together."""

    AFTER = 0.5
    """Of the words of the message that follows: an answer says again what it answers to."""

    ANSWERING = 0.6
    """Of the words of the message before, if that asks something: then this one answers."""

    MEANING = 1.65
    """Of its cosine."""

    SESSION_WORDS = 1.2
    """Of the best words in its session: what is talked of at length is talked of in one place."""

    BY_AGENT = 0.6
    """What it loses for being an agent's: an agent says much, most of it again.  The fit wants 1.0."""

    VOICE = 0.5
    """That it is said by whom the query names, where messages open with names.  The fit wants 1.0."""

    DATED = 0.6
    """That it names a time, if a time is asked for."""

    LATER = 0.14
    """What it loses, times the logarithm of the number of later sessions, where the query goes on with something."""

    KINDRED = 0.75
    """Where the query goes on with something: of the worth that the sessions most like a message's own have, each
    counting by e to the KINDRED_NARROW times its cosine.  From half to one and a half, RealMem hardly tells a
    difference; more costs the first place."""
    KINDRED_NARROW = 6.0

    KINDRED_AMONG = 40
    """The best sessions, which are compared: with a hundred, what is hardly about it outvotes what is."""

    KINDRED_LEAST = 10
    """Of fewer sessions each is like any other, and all would lend to the worst."""

    SHARE = 0.13
    """Of a message's worth, what it scores beside memories: a little less than a memory gets that is as near by words
    and meaning.  A verbatim message may be a question, a plan or chatter; a memory was judged worth keeping.  Set on
    the scripted sessions, of whose questions a share of 0.1 or less answers fewer with the first hit."""


class Kept:
    """What a memory is worth: a sum of what is known of it, on absolute scales.

    The numbers are those of a listwise logistic regression over the questions of scripted sessions, relative to WORDS
    and rounded.  What each of them brings, left out of its project's fit and on sessions that the fit has not seen, is
    in `docs/decisions/0006-order-of-memories.md`.
    """

    WORDS = 1.0
    """Of the query's words, as a share of what they weigh together."""

    SYNONYMS = 1.0
    """Of other words for them, none of which weighs more than the word that it stands for: a memory that says `bill`
    answers who asks about an `invoice`."""

    MEANING = 1.25
    """Of its cosine."""

    SOURCE = 1.0
    """Of the cosine of the message that it came from, which says it in the words of that day."""

    KEY = 1.0
    """Of the share of its topic key that the query names: precise, but a key is a name, not a statement.  Not fitted,
    since the scripts' keys name nothing: beside the meaning it counts what it always did."""

    BESIDE = 0.3
    """What a memory loses that is not the project's own: rules for everywhere are a little like every question."""

    TASK = 0.15
    """What a task loses: it is passed by soon, and asked for by name when wanted.  About what the fit wants."""

    SHARE = 0.26
    """Of a memory's worth, what it scores: all of the words once in a short text (1.6 of their weight by BM25), its
    own cosine and its source's at 1 make 1."""


CHANNELS: Mapping[str, float] = {
    "keyword": Kept.WORDS,
    "synonym": Kept.SYNONYMS,
    "key": Kept.KEY,
    "vector": Kept.MEANING,
    "source": Kept.SOURCE,
    "raw": Talk.WORDS,
    "raw_vector": Talk.MEANING,
}
"""How much a channel's score counts as a part of a document's worth."""

FLOOR_SHARE = 0.2
"""Share of the best score below which a message is noise that only takes an agent's attention."""

SCRAP_WORDS = 3
"""A message of fewer words is an answer to something else."""

KEY_COVERED = 0.5
"""Of a topic key's words, how many the query must have for the key to count."""

ASKING = 0.5
"""A message that only asks is found by every question like it, and answers none."""
ASKING_CHARACTERS = 120


class Gate:
    """When there is nothing to say.  The evidence is put together in `gate`; on its scale a cosine counts as it is.

    The numbers are those of a logistic regression over questions with an answer and prompts without one, divided by
    the weight of the cosine and rounded.  Fitted without a project and a fifth of the prompts, they let as many of that
    project's questions through, and as few of those prompts.
    """

    MEMORY = 0.7
    """Of the nearness, what the best memory counts; the rest is that of the nearest message, of which there are so
    many that one is near by chance."""

    WORTH = 0.45
    """What a memory's worth is on the scale of a cosine: one through the sum of `Kept.MEANING` and `Kept.SOURCE`, which
    count much the same meaning twice."""

    COVERAGE = 0.15
    """What full coverage of the query's weight by one message adds where there are no memories: a memory's worth has
    its words in it."""

    OURS = 0.5
    """What it adds that a prompt speaks of us: `we` in a question to an agent is this project."""

    SITUATED = 0.15
    """That it asks about what has happened, is so now or is allowed: the world's facts are asked for without these."""

    KNOWN = 0.15
    """For each telling word that somebody here has said."""

    UNKNOWN = 0.06
    """For each telling word that nobody has: what is asked in detail is seldom chatter, even in other words."""

    NAMED_AT_MOST = 3
    """So many words count of either."""

    GENERAL = 0.32
    """What it takes away that a question is put as one puts it to an encyclopedia: `what is a mutex`."""

    ADDRESSED = 0.4
    """That it asks the agent about itself or its last words: `did you save it`."""

    STRANGER = 0.12
    STRANGERS_AT_MOST = 2
    """For each name, of two at most, that nobody ever mentioned."""

    NEEDED: Mapping[str, float] = MappingProxyType({"question": 0.5, "telling": 0.84, "topic": 1.12, "command": 1.22})
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
    """Telling words of an order that one document must have; of what neither asks nor orders, words of any kind, or
    its only one."""

    GOING_ON = 6
    GOING_ON_TOGETHER = 3
    """Telling words that somebody here has said, and how many of them in one document, that open for what is no
    question.  Of 343 unrelated prompts none has as much in any of ten stores; of RealMem's prompts that the evidence
    alone shuts out, 13 of 23 have when put to their own store and 15 of 172 when put to another set's."""

    EVERYDAY_TERMS = 2
    """Everyday words that a question needs if it has no other: `how are the tests run`, but not `did it work`; one
    suffices if it speaks of us."""

    ONLY_EVERYDAY = 0.3
    """What it takes away that there are no other words."""

    EVERYDAY = 0.25
    """What a word of everyday work with an agent weighs in the coverage, relative to its idf."""


ANSWER_SENTENCES: Mapping[str, int] = {"short": 1, "medium": 3, "long": 6}
ANSWER_HITS = 4
"""Best hits from which sentences are taken."""

ANSWER_SENTENCES_A_HIT = 8
ANSWER_CHARACTERS = 3_000
"""Sentences and characters looked at in one hit: an answer stands near the beginning, or the hit is a dump."""

ANSWER_SENTENCE_CHARACTERS = 400

ANSWER_WHOLE = 320
"""Characters of a hit that is quoted whole: a short memory is one statement, and half of it misleads (`because of
that`)."""

ANSWER_ASKING = 0.2
"""Of a question's score as a sentence of an answer: it is quoted only where there is nothing else."""

ANSWER_FURTHER = 0.45
"""What a further sentence must reach of the best one's score."""

SUMMARY_CHARACTERS = 160
"""Of a verbatim message, what is given as its summary."""
