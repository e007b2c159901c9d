"""Secrets told in no set form, and pasted alone; what only speaks of secrets stays."""

import re

import nearby_cases
import pytest
import redact_cases as cases

from sidecar.redact import redact


def numbered(table: list[str]) -> list:
    return [pytest.param(case, id=str(number)) for number, case in enumerate(table)]


@pytest.mark.parametrize("spoken", [False, True])
@pytest.mark.parametrize("case", numbered(nearby_cases.TOLD))
def test_what_is_told_near_a_word_for_it(case, spoken):
    result = redact(cases.source(case), spoken=spoken).text
    assert re.fullmatch(cases.expected(case), result), result
    assert redact(result, spoken=spoken).text == result


def test_nothing_is_told_far_from_the_word():
    apart = "And so it goes on. " * 30
    text = f"Where is the password? {apart}The probe answered aB3dE6gH9jK2. {apart}Nobody has the password."
    assert redact(text).text == text
    near = "Where is the password? And so it goes on. The probe answered aB3dE6gH9jK2."
    assert redact(near).text == near.replace("aB3dE6gH9jK2", "[redacted:password]")


@pytest.mark.parametrize("spoken", [False, True])
@pytest.mark.parametrize("case", numbered([*nearby_cases.ONLY_SPOKEN_OF, *cases.KEEP]))
def test_what_only_speaks_of_secrets_stays(case, spoken):
    text = cases.keep_text(case)
    assert redact(text, spoken=spoken).text == text


@pytest.mark.parametrize("case", numbered(nearby_cases.LONE))
def test_a_token_alone_on_its_line_is_one_where_a_person_typed_it(case):
    text = cases.source(case)
    assert re.fullmatch(cases.expected(case), redact(text, spoken=True).text)
    assert redact(text).text == text


@pytest.mark.parametrize("case", numbered(nearby_cases.NOT_LONE))
def test_harmless_tokens_alone_on_their_line_stay(case):
    text = cases.keep_text(case)
    assert redact(text, spoken=True).text == text


def test_the_known_part_of_a_token_is_enough():
    """Where a place says exactly what is secret, the token around it keeps its other half."""
    assert redact("creds: admin:s3cret9x").text == "creds: admin:[redacted:password]"


@pytest.mark.parametrize("words", ["commit", "branch", "session", "image", "container", "user"])
def test_a_token_that_is_named_is_no_secret(words):
    text = f"the login broke with {words} a1B2c3D4e5F6, see the log"
    assert redact(text).text == text
