"""What holds for every text: stable, bounded, never a crash, and no run-away pattern."""

import itertools
import random

import nearby_cases
import pytest
import redact_cases as cases
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.redact import audit, redact

GROWTH = 24
"""One character can become one mark; no mark is longer than this."""

SECRET_CASES = (
    *cases.SECRETS_BY_FORM, *cases.SECRETS_IN_URLS, *cases.SECRETS_IN_HEADERS, *cases.SECRETS_ASSIGNED,
    *cases.SECRETS_IN_PROSE, *nearby_cases.TOLD,
)  # fmt: skip
PIECES = st.one_of(
    st.sampled_from([cases.source(case) for case in SECRET_CASES]),
    st.sampled_from([cases.keep_text(case) for case in cases.KEEP]),
    st.sampled_from(
        ["password", " is ", ": ", "=", "\n", "\\n", '"', "'", "`", "<private>", "</private>", "key", "://"]
    ),
    st.sampled_from(
        ["[redacted:", "[redacted:key]", "]", "$ cat .env\n", "<<EOF .env\n", "-----BEGIN PRIVATE KEY-----"]
    ),
    st.text(max_size=12),
)
TEXTS = st.lists(PIECES, max_size=8).map("".join)
COMMANDS = st.sampled_from([None, "cat .env", "env", "docker inspect x", "ls", "kubectl get secret x -o yaml"])


@settings(max_examples=300, deadline=None)
@given(TEXTS, COMMANDS)
def test_redacting_twice_is_redacting_once(text, command):
    once = redact(text, command=command)
    assert redact(once.text, command=command).text == once.text
    spoken = redact(text, spoken=True)
    assert redact(spoken.text, spoken=True).text == spoken.text


@settings(max_examples=200, deadline=None)
@given(TEXTS, COMMANDS)
def test_growth_is_bounded(text, command):
    assert len(redact(text, command=command).text) <= GROWTH * len(text)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=400), st.one_of(st.none(), st.text(max_size=60)))
def test_any_text_and_any_command_are_taken(text, command):
    redact(text, command=command)


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_findings_are_ordered_and_apart(text):
    findings = audit(text)
    assert all(0 <= found.start < found.end <= len(text) for found in findings)
    assert all(left.end <= right.start for left, right in itertools.pairwise(findings))
    assert (redact(text).text == text) == (not findings)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(cases.SECRETS_BY_FORM), st.text(alphabet=" \n\t,;()<>", max_size=10))
def test_a_known_form_is_found_behind_anything_that_ends_a_word(case, before):
    result = redact(before + " " + cases.source(case)).text
    assert not any(secret in result for secret in cases.secrets(case))


UNITS = (
    "password ", "password is ", 'password="', "passwordpassword", "a", "=", '"', '\\"', " ", "\\", "((((", "))))",
    "-----BEGIN PRIVATE KEY-----\n", "-----END PRIVATE KEY-----\n", "A" * 56 + "\n-----END RSA PRIVATE KEY-----\n",
    "<private>", "</private>", "<private", "eyJ-", "eyJaaaaaaaa.", "ghp_", "-ghp_aaaaaaaaaaaaaaaaaa", "https://a:",
    "https://a:b@", "Authorization: ", "Bearer ", "Cookie: a=", "curl -u ", "mysql -p", "echo ", "echo x|",
    "$ cat .env\n",
    "cat <<EOF .env\n", "login a / ", "token is the key is ", "for a for b password for ", " is the password",
    "key{ ",
    "PIN 1 ", "a.b.c.d/e/f/", "A1b2C3", "<<a ", "define(", '"a":', "- name: PASSWORD\n value: ", "[redacted:",
    "пароль ",
    "password=", "password A1b!cd2xyz ", "the token, A1b!cd2xyz, ", "password. ", "A1b!cd2xyz\n", "pas",
    "it is a1b2c3d4, ",
    "İ password ", "password: a b c d e ", "key='\"`", "set -x TOKEN ", "cookie: " + "a=b;" * 20,
)  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("command", [None, "cat .env"])
def test_a_hostile_text_is_done_within_the_time_limit(unit, command):
    """A pattern that is quadratic in the length does not come to an end here within the limit of the test run."""
    text = (unit * (150_000 // len(unit) + 1))[:150_000]
    assert len(redact(text, command=command).text) <= GROWTH * len(text)


@pytest.mark.parametrize("seed", range(3))
def test_a_megabyte_of_shuffled_fragments_is_done_within_the_time_limit(seed):
    chance = random.Random(seed)
    words = [*UNITS, *(cases.source(case) for case in SECRET_CASES), *(cases.keep_text(case) for case in cases.KEEP)]
    text = " ".join(chance.choice(words) for _ in range(40_000))[:1_000_000]
    assert len(redact(text).text) <= GROWTH * len(text)


def test_ordinary_logs_of_a_megabyte_stay_as_they_are():
    text = "\n".join(
        f"2026-11-20T16:{n % 60:02}:11Z INFO worker-{n} handled /api/items/{n} in {n % 97} ms status=200"
        for n in range(13_000)
    )
    assert redact(text).text == text
