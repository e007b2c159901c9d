"""The evidence check: what is concrete in a statement must stand in the cited lines."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from llm_talk import lines

from sidecar.extract.llm.evidence import LONGEST, MOST_LINES, Claim, Evidence, Finding
from sidecar.extract.llm.figures import number_form, numbers, squashed, word_form, word_forms
from sidecar.extract.llm.values import values


def check(source: str, content: str, speaker: str = "user") -> Finding:
    return Evidence(lines((speaker, source))).check(Claim(content, (1,)))


@pytest.mark.parametrize(
    ("source", "content"),
    [
        ("the run has 4480 rows", "The run has 4,480 rows."),
        ("it has 4,480 rows", "The run has 4480 rows."),
        ("we are on v18 of node", "The project uses Node 18."),
        ("node 18.2.1 is what we run", "The project runs on Node 18."),
        ("twelve greenhouses, ok?  they are all heated", "All 12 greenhouses are heated."),
        ("there are 7 pumps", "There are seven pumps."),
        ("loss was .71 in the end", "The final loss was 0.71."),
        ("the importer takes 10k rows", "The importer takes at most 10,000 rows."),
        ("at 6pm the gate closes", "The gate closes at 18:00."),
        ("the gate closes at 18", "The gate closes at 18:00."),
        ("backbone is swift-net b3, wide", "The backbone is the wide SwiftNet-B3."),
        ("b3 plateaued, so it is out", "SwiftNet-B3 is out because it plateaued."),
        ("column unit_price is in cents", "The column `unit_price` holds cents."),
        ("cfg sits in etc/app/main.toml", "The configuration is in etc/app/main.toml."),
        ("db is postgresql", "The database is Postgres."),
        ("marek owns it, the billing part", "Billing is Marek's."),
        ("yesterday the pump burned out", "On 2026-09-15 the pump burned out."),
        ("last friday the pump burned out", "On 11 September 2026 the pump burned out."),
        ("the audit is on the 30th of september", "The audit is on September 30, 2026."),
        ("the audit is in october", "The audit is in October 2026."),
        ("no deploys on fri", "Nothing is deployed on Fridays."),
        ("it is 50µm mesh", "The mesh has 50 µm."),
        ("runs are called <day>-<name>", "Runs are named <day>-<name>."),
        ("the harvester api is slow on arm", "The harvester's API is slow on ARM."),
    ],
)
def test_the_same_value_written_otherwise_is_found(source: str, content: str) -> None:
    assert check(source, content).outcome == "passed"


@pytest.mark.parametrize(
    ("source", "content"),
    [
        ("the api listens on 4310", "The API listens on 4480."),
        ("we are on node 18", "The project uses Node 18.4."),
        ("there are 7 pumps", "There are eight pumps."),
        ("the importer takes rows", "The importer takes rows from Kafka."),
        ("b3 plateaued, so it is out", "SwiftNet-B4 is out because it plateaued."),
        ("marek owns billing", "Billing is owned by Marek Zeller."),
        ("marek owns billing", "Billing is Yara's."),
        ("cfg is in etc/app/main.toml", "The configuration is in etc/web/main.toml."),
        ("yesterday the pump burned out", "On 2026-09-12 the pump burned out."),
        ("the audit is in october", "The audit is in October 2031."),
        ("the audit is in october", "The audit is in November."),
        ("no deploys on fri", "Nothing is deployed on Mondays."),
        ("the gate closes at 18", "The gate closes at 18:30."),
        ("say hello to people", 'The greeting is "welcome aboard".'),
        ("see the site", "The site is at https://example.org/shop."),
    ],
)
def test_a_value_that_is_not_there_drops_the_claim(source: str, content: str) -> None:
    finding = check(source, content)
    assert finding.outcome == "dropped"
    assert "not in the cited lines" in finding.why


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("I'm sorry, but I can't assist with that.", "conversation"),
        ("No durable facts were found in the lines.", "conversation"),
        ("The user asked how the pumps are wired.", "conversation"),
        ("The transcript is about pumps.", "conversation"),
        ("How many pumps are there?", "question"),
        ("pumps", "too short"),
        ("pump " * LONGEST, "too long"),
        ("it is that of the", "says nothing"),
        ("The password of the pumps is hunter22.", "secret"),
    ],
)
def test_what_is_no_statement_is_dropped(content: str, why: str) -> None:
    finding = check("the pumps are wired in pairs, how? it is that", content)
    assert finding.outcome == "dropped"
    assert why in finding.why


@pytest.mark.parametrize(
    ("source", "content"),
    [
        ("push straight to main here", "Never push straight to main."),
        ("never squash merge commits", "Squash merge commits."),
        ("don't mock the database", "Mock the database."),
    ],
)
def test_the_opposite_is_dropped(source: str, content: str) -> None:
    assert check(source, content).why == "the cited lines say the opposite"


@pytest.mark.parametrize(
    ("source", "content"),
    [
        ("dns is at acme, not at zenith", "The DNS is at Acme instead of Zenith."),
        ("hands off the generated files", "Do not change the generated files."),
        ("we left zenith, acme now", "The provider is Acme, no longer Zenith."),
        ("never squash merge commits", "Merge commits stay as they are; squashing is forbidden."),
    ],
)
def test_a_denial_in_other_words_is_none(source: str, content: str) -> None:
    assert check(source, content).kept


TALK = (
    ("user", "the feeder service listens on port 4310"),
    ("assistant", "Noted."),
    ("user", "and the mixer wants 9 bar of pressure"),
    ("assistant", "I will check the valves."),
    ("user", "greta maintains the mixer firmware"),
    ("user", "she is away until monday"),
)


def test_a_wrong_line_is_repaired_where_one_line_has_the_values() -> None:
    finding = Evidence(lines(*TALK)).check(Claim("The feeder service listens on port 4310.", (4,)))
    assert (finding.outcome, finding.claim.lines) == ("repaired", (1,))


def test_numbers_of_no_line_are_repaired_too() -> None:
    finding = Evidence(lines(*TALK)).check(Claim("The feeder service listens on port 4310.", (77, -1)))
    assert finding.claim.lines == (1,)


def test_a_name_for_a_pronoun_adds_its_line() -> None:
    finding = Evidence(lines(*TALK)).check(Claim("The firmware maintainer Greta is away until Monday.", (6,)))
    assert (finding.outcome, finding.claim.lines) == ("repaired", (5, 6))


def test_no_repair_where_two_lines_could_be_meant() -> None:
    source = lines(("user", "the feeder port is 4310"), *[("user", "ok")] * 6, ("user", "the feeder port is 4310"))
    assert Evidence(source).check(Claim("The feeder port is 4310.", ())).outcome == "dropped"


def test_no_repair_from_a_line_about_something_else() -> None:
    finding = Evidence(lines(*TALK)).check(Claim("The feeder service holds 9 tons of feed.", (1,)))
    assert finding.outcome == "dropped"


def test_a_claim_without_values_needs_words_in_common() -> None:
    evidence = Evidence(lines(*TALK))
    assert evidence.check(Claim("Always write the tests first.", (2,))).outcome == "dropped"
    assert evidence.check(Claim("The valves are to be checked.", (4,))).outcome == "passed"
    assert evidence.check(Claim("Always write the tests first.", ())).why == "it cites no line"


def test_context_alone_is_no_source() -> None:
    evidence = Evidence(lines(("user", "the feeder port is 4310"), ("user", "yes, for good"), context=1))
    claim = Claim("The feeder port is 4310.", (1,))
    assert evidence.check(claim).why == "it rests on earlier messages alone"
    assert evidence.check(Claim(claim.content, (1, 2))).kept


@pytest.mark.parametrize(
    "source", ["what if we moved the feeder to kafka?", "maybe one day we move the feeder to kafka"]
)
def test_a_question_or_an_idea_is_no_source(source: str) -> None:
    assert check(source, "The feeder moves to Kafka.").outcome == "dropped"


def test_names_of_the_project_and_of_what_is_known_need_no_line_but_figures_do() -> None:
    source = lines(("user", "the backbone plateaued, throw it out"))
    known = ["The backbone is Swiftwing, port 4310."]
    assert Evidence(source, known).check(Claim("The backbone Swiftwing plateaued and is thrown out.", (1,))).kept
    assert not Evidence(source).check(Claim("The backbone Swiftwing plateaued and is thrown out.", (1,))).kept
    assert not Evidence(source, known).check(Claim("The backbone plateaued on port 4310, out.", (1,))).kept


def test_a_known_thing_may_be_called_by_its_name_with_figures_where_a_line_tells_something_new_of_it() -> None:
    known = ["The mixer controller is a CTRL7-B2 on bus3."]
    source = lines(("user", "the controller of the mixer now gets 24 volts"))
    told = "The mixer controller CTRL7-B2 gets 24 V."
    assert Evidence(source, known).check(Claim(told, (1,))).kept
    assert not Evidence(source).check(Claim(told, (1,))).kept
    assert not Evidence(source, known).check(Claim("The mixer controller is a CTRL7-B2.", (1,))).kept


def test_a_known_name_with_figures_does_not_stand_for_another_of_its_kind() -> None:
    source = lines(("user", "bus4 of the mixer now gets 24 volts"))
    assert not Evidence(source, ["The mixer is on bus3."]).check(Claim("bus3 of the mixer gets 24 V.", (1,))).kept


WORDS = st.sampled_from("feeder mixer valve pressure belt drum motor silo".split())
FIGURES = st.one_of(
    st.integers(3, 99_999).map(str),
    st.tuples(st.integers(0, 30), st.integers(1, 30)).map(lambda two: f"{two[0]}.{two[1]}"),
    st.from_regex(r"[a-z]{2,6}_[a-z]{2,6}", fullmatch=True),
    st.from_regex(r"/[a-z]{3,6}/[a-z]{3,6}\.toml", fullmatch=True),
)


@given(WORDS, WORDS, FIGURES)
def test_what_is_cited_as_it_was_said_passes(one: str, other: str, figure: str) -> None:
    text = f"the {one} of the {other} has {figure} in it"
    assert check(text, f"{text[0].upper()}{text[1:]}.").outcome == "passed"


@given(WORDS, FIGURES, FIGURES)
def test_another_figure_never_passes(word: str, figure: str, other: str) -> None:
    said, told = numbers(figure), numbers(other)
    assume(squashed(other) not in squashed(figure))
    assume(not told <= said if told else not word_forms(other) <= word_forms(figure))
    assert check(f"the {word} has {figure} in it", f"The {word} has {other} in it.").outcome == "dropped"


@given(st.text(max_size=600), st.lists(st.integers(-3, 12), max_size=12), st.lists(st.text(max_size=200), max_size=5))
def test_any_claim_on_any_lines_has_an_outcome(content: str, cited: list[int], said: list[str]) -> None:
    source = lines(*[("user", text) for text in said])
    finding = Evidence(source).check(Claim(content, tuple(cited)))
    if finding.kept:
        assert 0 < len(finding.claim.lines) <= MOST_LINES
        assert set(finding.claim.lines) <= {line.number for line in source}
        assert Evidence(source).check(finding.claim).outcome == "passed"


@given(st.integers(0, 10**7))
def test_a_number_has_one_form(number: int) -> None:
    assert number_form(f"{number:,}".replace(",", "")) == str(number)
    assert str(number) in numbers(f"about {number:,} of them")
    assert number_form(f"{number}.0") == str(number)


def test_words_have_one_form() -> None:
    assert word_form("Pumps") == word_form("pump") == word_form("pump's")
    assert word_form("PostgreSQL") == word_form("postgres")


def test_ordinary_words_are_no_values() -> None:
    assert values("Backups are kept for the whole team, because restoring is slow and one of two failed.") == []
