"""What is related opens the gate, what is not leaves it shut: nothing relevant gives nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from recall_builders import Held, ask, memory, message

from sidecar.recall import Recall, RecallAnswer
from sidecar.recall.prompt import form_of

RELATED = [
    ("Which package manager does the storefront use?", "pm"),
    ("pnpm or npm?", "pm"),
    ("why not npm", "pm"),
    ("What database are the orders in?", "db"),
    ("Which port does PostgreSQL listen on?", "db"),
    ("Where is plum?", "db"),
    ("How long are session tokens cached?", "cache"),
    ("do we use Redis or Valkey?", "cache"),
    ("When may I deploy?", "deploy"),
    ("Can we deploy on a Friday?", "deploy"),
    ("How do we store amounts of money?", "money"),
    ("price_minor", "money"),
    ("Which queue do the invoices come from?", "queue"),
    ("invoices.v2", "queue"),
    ("Who owns the payment integration?", "owner"),
    ("Who has to approve changes to payments?", "owner"),
    ("How many days are backups kept?", "region"),
    ("Where do the nightly backups go?", "region"),
    ("How do customers log in?", "auth"),
    ("Do we still have passwords?", "auth"),
    ("What runs our end-to-end tests?", "tests"),
    ("playwright tests", "tests"),
    ("Which label do our logs carry?", "logs"),
    ("Where are feature flags defined?", "flags"),
    ("flags/registry.toml", "flags"),
    ("How many seats does the barcode scanner licence have?", "license"),
    ("What resizes the product photos?", "images"),
    ("Where do VAT rates come from?", "tax"),
    ("How long may a commit subject be?", "commits"),
    ("remind me how Maribel is involved with payments", "owner"),
]

UNRELATED = [
    "run the tests",
    "fix the failing import",
    "thanks, looks good",
    "write a regex for emails",
    "ok",
    "yes please",
    "no, the other one",
    "continue",
    "go on",
    "commit this and push",
    "undo that",
    "can you rename the variable foo to bar?",
    "please add a docstring to that function",
    "refactor this into smaller functions",
    "now make it faster",
    "that didn't work, try again",
    "show me the diff",
    "hm, wrong file",
    "great, ship it",
    "what time is it?",
    "what is the capital of Mongolia?",
    "how tall is Mount Kilimanjaro?",
    "who painted the Mona Lisa?",
    "what's 17 times 23?",
    "tell me a joke",
    "write a haiku about the sea",
    "translate 'good evening' into Finnish",
    "how many moons does Jupiter have?",
    "explain monads",
    "good morning!",
]


@pytest.mark.parametrize("query", UNRELATED)
def test_the_unrelated_gets_nothing(orchard: Recall, query: str) -> None:
    answer = orchard(ask(query, explain=True))
    assert (answer.hits, answer.answer) == ((), ""), answer.explanation


def test_the_related_is_answered(orchard: Recall) -> None:
    """Not each one must be, but nearly: meaning without a common word is seen only dimly by static vectors."""
    missed = [query for query, name in RELATED if name not in [hit.id for hit in orchard(ask(query)).hits[:3]]]
    assert len(missed) <= len(RELATED) // 10, missed


def test_there_are_as_many_of_each() -> None:
    assert len(RELATED) == len(UNRELATED) == 30


@pytest.mark.parametrize("query", ["", "   ", "?!", "what is it", "did it work?", "\x00", '"', "*:*", "AND OR NOT"])
def test_a_query_without_a_topic_gets_nothing(orchard: Recall, query: str) -> None:
    assert orchard(ask(query)) == RecallAnswer((), "")


def test_an_order_opens_only_with_its_own_telling_words(orchard: Recall) -> None:
    assert orchard(ask("add the payment integration to the list that Maribel must approve")).hits[0].id == "owner"
    assert orchard(ask("add a payment button")).hits == ()


def test_a_question_of_everyday_words_is_a_question(over: Callable[[Held], Recall]) -> None:
    recall = over(Held([memory("run", "Run the tests with make check."), memory("x", "The moon is far away.")]))
    assert recall(ask("How do we run the tests?")).hits[0].id == "run"
    assert recall(ask("run the tests")).hits == ()


def test_words_alone_open_for_a_script_that_the_model_cannot_read(over: Callable[[Held], Recall]) -> None:
    recall = over(
        Held(
            [
                memory("ja", "ウェブのワークスペースではpnpmを使う。"),
                memory("ja2", "デプロイは火曜日の朝に行う。"),
                memory("de", "Ausgeliefert wird immer dienstags, niemals freitags."),
                memory("de2", "Die Rechnungen liegen in der Warteschlange."),
            ]
        )
    )
    assert recall(ask("ワークスペースで何を使う？")).hits[0].id == "ja"
    assert recall(ask("デプロイは何曜日？")).hits[0].id == "ja2"
    assert recall(ask("Wann wird ausgeliefert?")).hits[0].id == "de"
    assert recall(ask("Wo liegen die Rechnungen?")).hits[0].id == "de2"
    assert recall(ask("明日の天気は？")).hits == ()


def test_an_empty_index_has_nothing_to_say(over: Callable[[Held], Recall]) -> None:
    answer = over(Held())(ask("Which package manager do we use?", explain=True))
    assert (answer.hits, answer.answer) == ((), "")
    assert answer.explanation is not None


def test_a_query_of_the_longest_kind_is_answered(orchard: Recall) -> None:
    query = ("Which package manager does the storefront use? " + "considering everything else " * 40)[:1024]
    assert len(query.encode()) == 1024
    assert all(hit.score > 0 for hit in orchard(ask(query)).hits)


@pytest.mark.parametrize(
    ("prompt", "form"),
    [
        ("What do we use?", "question"),
        ("pnpm or npm?", "question"),
        ("how do we deploy", "question"),
        ("can we deploy on a Friday", "question"),
        ("from another repo: what is the style", "question"),
        ("ok, and where is it hosted", "question"),
        ("please fix the import", "command"),
        ("can you run the tests", "command"),
        ("Now write a regex", "command"),
        ("let's add an index", "command"),
        ("explain monads", "telling"),
        ("could you summarize the decisions", "telling"),
        ("web package manager", "topic"),
        ("thanks", "topic"),
        ("", "topic"),
    ],
)
def test_the_form_of_a_prompt(prompt: str, form: str) -> None:
    assert form_of(prompt) == form


def test_what_only_the_talk_knows_opens_too(over: Callable[[Held], Recall]) -> None:
    recall = over(Held(changes=[message(1, "the staging certificate expires on the ninth of March")]))
    assert recall(ask("When does the staging certificate expire?")).hits[0].id == "m1"


LONG = (
    "Alright, after the holidays I came back to this with fresh eyes, and my colleague wants the {} described, then "
    "the ferry, the lantern and the pulley, so that the {} can be told to the insurance and to the mayor, who both "
    "wait for their letters and grow impatient with every passing afternoon."
)
SCATTERED = ["The ferry is late.", "A lantern is out.", "The pulley squeaks.", "Our mayor is away."]


@pytest.mark.parametrize(
    ("things", "opens"),
    [
        (("gearbox and the jib of the crane", "harbour"), True),
        (("weather and the soup of the canteen", "harbour"), False),
    ],
)
def test_a_long_prompt_opens_if_something_here_has_some_of_its_words_together(
    over: Callable[[Held], Recall], things: tuple[str, str], opens: bool
) -> None:
    told = "Spelling contest at school, round three: pupils had crane, jib, gearbox, weasel, onion, trombone and igloo."
    texts = [told, "The harbour is dredged.", "It rains, such weather.", *SCATTERED]
    recall = over(Held(changes=[message(n, text, session=f"s{n}") for n, text in enumerate(texts, 1)]))
    assert bool(recall(ask(LONG.format(*things))).hits) == opens
