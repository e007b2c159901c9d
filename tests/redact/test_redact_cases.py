"""What must be redacted is, with everything around it intact; what must stay does."""

import re

import pytest
import redact_cases as cases

from sidecar.redact import audit, redact

SECRETS = [
    pytest.param(case, id=f"{group}-{number}")
    for group, table in (
        ("form", cases.SECRETS_BY_FORM),
        ("url", cases.SECRETS_IN_URLS),
        ("header", cases.SECRETS_IN_HEADERS),
        ("assigned", cases.SECRETS_ASSIGNED),
        ("prose", cases.SECRETS_IN_PROSE),
    )
    for number, case in enumerate(table)
]
KEEP = [pytest.param(case, id=str(number)) for number, case in enumerate(cases.KEEP)]


@pytest.mark.parametrize("case", SECRETS)
def test_only_the_secret_is_replaced(case):
    result = redact(cases.source(case))
    assert re.fullmatch(cases.expected(case), result.text), result.text
    assert sum(result.found.values()) == len(cases.secrets(case))


@pytest.mark.parametrize("case", SECRETS)
def test_a_redacted_text_is_not_redacted_again(case):
    once = redact(cases.source(case)).text
    assert redact(once).text == once
    assert audit(once) == []


@pytest.mark.parametrize("case", SECRETS)
def test_a_secret_is_found_inside_of_a_longer_text(case):
    text = f"We talked about the build.\n\n{cases.source(case)}\n\nThen the tests passed.\n"
    result = redact(text).text
    for secret in cases.secrets(case):
        assert secret not in result
    assert result.startswith("We talked about the build.\n\n")
    assert result.endswith("\n\nThen the tests passed.\n")


@pytest.mark.parametrize("case", KEEP)
def test_what_is_no_secret_stays(case):
    text = cases.keep_text(case)
    assert redact(text).text == text


@pytest.mark.parametrize("case", KEEP)
def test_what_is_no_secret_stays_inside_of_a_longer_text(case):
    text = f"One more thing.\n{cases.keep_text(case)}\nThat is all.\n"
    assert redact(text).text == text


def test_audit_reports_the_places_that_redact_replaces():
    text = "export DB_PASSWORD=k3ttle9 # then\nthe pw is x7kk9q!\n"
    assert [text[found.start : found.end] for found in audit(text)] == ["k3ttle9", "x7kk9q!"]
    assert {found.kind for found in audit(text)} == {"password"}


def test_found_counts_by_kind():
    text = cases.clean("a gh¦p_{m}{m} b gh¦p_{h} PASSWORD=k3ttle9")
    assert dict(redact(text).found) == {"github-token": 2, "password": 1}
    assert dict(redact("nothing here").found) == {}
    assert redact("").text == ""


@pytest.mark.parametrize("escapes", [0, 1, 3])
def test_a_value_in_quotes_that_json_escaped(escapes):
    quote = "\\" * escapes + '"'
    text = f"{{{quote}password{quote}: {quote}k3ttle9{quote}, {quote}port{quote}: 8080}}"
    assert redact(text).text == text.replace("k3ttle9", "[redacted:password]")


def test_lines_that_json_escaped():
    text = '{"stdout": "PORT=8080\\nDB_PASSWORD=k3ttle9\\nDEBUG=1\\n"}'
    assert redact(text).text == text.replace("k3ttle9", "[redacted:password]")


def test_an_aws_secret_beside_its_key_id():
    secret = "pT3/kz8VqYw1LxN+u5RmB7cHd2FsJg9AoEiQ4tXr"
    text = cases.clean("AKI¦AQ3EGRZ7UVXHB4KTM\t" + secret)
    assert secret not in redact(text).text


def test_a_long_value_is_replaced_to_its_end():
    value = cases.MIXED * 60
    assert redact(f"API_SECRET={value} # long").text == "API_SECRET=[redacted:secret] # long"
    assert redact(f"curl -d api_secret={value}").text == "curl -d api_secret=[redacted:secret]"


def test_a_value_behind_a_crowd_of_names_is_found():
    text = "password=" * 500 + "k3ttle9 and more"
    assert redact(text).text.endswith("password=[redacted:password] and more")
    joined = "password" * 500 + ": k3ttle9"
    assert redact(joined).text.endswith("password: [redacted:password]")
