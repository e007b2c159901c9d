"""Hostile input: requests that the API's own document allows or forbids, words of every kind, files of every shape."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from killing import KILLS
from running import Daemon
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from world import WEB, World, opened

from sidecar.config import Config, load
from sidecar.daemon import openapi
from sidecar.errors import BadRequest, ConfigInvalid
from sidecar.frontmatter import Document, parse
from sidecar.index import Embedder
from sidecar.paths import resolve
from sidecar.recall import Recall, RecallRequest

HTTP = "/v1/namespaces/local/profiles"
SAMPLES = 2 if KILLS < 500 else 50
"""Requests of each kind for each operation, of which there are some 80."""

_LEFT_OUT = {"shutdown", "transcripts"}
"""Operations that would end the daemon, or read whatever folder of this machine is named."""

_KNOWN = {"ns": "local", "p": "fuzz"}
_CHECKS = [
    status_code_conformance, content_type_conformance, response_headers_conformance, response_schema_conformance
]  # fmt: skip
_QUIET = settings(
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)

schema = schemathesis.openapi.from_dict(openapi.document())
OPERATIONS = {
    found.ok().definition.raw["operationId"]: found.ok()
    for found in schema.get_all_operations()
    if found.ok().definition.raw["operationId"] not in _LEFT_OUT
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    home = tmp_path_factory.mktemp("served")
    (home / ".gitconfig").write_text("[user]\n\tname = Ines Example\n\temail = ines@example.org\n")
    found = Daemon(home, {"GIT_CONFIG_NOSYSTEM": "1", "SIDECAR_WATCH_QUIET_SECONDS": "3600"}).start()
    yield found
    found.end()


@pytest.fixture(scope="module")
def http(served: Daemon) -> Iterator[httpx.Client]:
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(served.socket)), timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder.load()


def test_the_document_is_what_the_daemon_serves(http: httpx.Client) -> None:
    assert http.get("http://localhost/v1/openapi.json").json() == json.loads(json.dumps(openapi.document()))


def _asked() -> list[tuple[str, str]]:
    """Every operation with what is right; those of ours that take anything also with what is wrong."""
    wrong = [
        name
        for name, one in OPERATIONS.items()
        if not name.startswith("managed_") and (one.query or one.body or one.path_parameters)
    ]
    return [(name, "positive") for name in sorted(OPERATIONS)] + [(name, "negative") for name in sorted(wrong)]


@pytest.mark.parametrize(("name", "mode"), _asked())
def test_every_answer_is_as_documented_and_none_is_a_fault(http: httpx.Client, name: str, mode: str) -> None:
    operation = OPERATIONS[name]

    @settings(_QUIET, max_examples=SAMPLES)
    @given(operation.as_strategy(generation_mode=schemathesis.GenerationMode(mode)))
    def ask(case: Any) -> None:
        if (
            mode == "positive" and "delete_namespace" not in name
        ):  # not a repository for each name: names have a test of their own
            case.path_parameters.update({key: known for key, known in _KNOWN.items() if key in case.path_parameters})
        sent = case.as_transport_kwargs(base_url="http://localhost")
        sent.pop("cookies", None)
        if isinstance(sent.get("data"), str | bytes):
            sent["content"] = sent.pop("data")
        try:
            request = http.build_request(**sent)
        except (ValueError, TypeError, httpx.InvalidURL):
            return  # what no HTTP client would send
        answer = http.send(request)
        assert answer.status_code != 500, (sent, answer.text)
        if answer.status_code != 404 or answer.json()["errors"][0]["code"] != 1406:
            case.validate_response(answer, checks=_CHECKS)

    ask()


# Words of every kind.

_WORDS = st.text(min_size=1, max_size=300)
_ODD = [
    "\u202e evil \u202c",
    "a\u0000b",
    "\ud800",
    "é" * 200,
    "👩‍👩‍👧‍👦 family",
    "ﬁ ligature",
    "İstanbul ı",
    "---\nid: x\n---\n",
    "]]>&<",
]


def _odd(test: Any) -> Any:
    for text in _ODD:
        test = example(text=text)(test)
    return test


def test_any_text_is_kept_as_it_was_said_or_refused(http: httpx.Client) -> None:
    @settings(_QUIET, max_examples=20)
    @given(text=_WORDS)
    @_odd
    def ask(text: str) -> None:
        body = json.dumps({"content": text, "key": text[:40], "tags": [text[:20]]}).encode()
        headers = {"Content-Type": "application/json"}
        answer = http.post(f"http://localhost{HTTP}/words/remember", content=body, headers=headers)
        assert answer.status_code in (200, 400), answer.text
        if answer.status_code == 200:
            told = answer.json()["result"]
            again = http.get(f"http://localhost{HTTP}/words/memories/{told['id']}").json()["result"]
            assert again["content"] == told["content"]

    ask()


def test_any_name_is_a_name_or_refused(served: Daemon, http: httpx.Client) -> None:
    @settings(_QUIET, max_examples=25)
    @given(text=st.text(min_size=1, max_size=40))
    @_odd
    @example(text="../../etc")
    @example(text="%2e%2e%2f")
    def ask(text: str) -> None:
        try:
            url = httpx.URL("http://localhost").copy_with(raw_path=f"{HTTP}/{_percent(text)}/memories".encode())
        except httpx.InvalidURL:
            return
        assert http.get(url).status_code in (200, 400, 404, 405)

    ask()
    names = {path.name for path in served.store.iterdir()}
    assert all(name.replace("-", "a").isalnum() and name.isascii() for name in names)


def _percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))


_SYNTAX = (
    '"{}', '{}"', "'{}'", "+{}", "-{}", "({}", "{})", "[{} TO *]", "{{{} TO z}}", "{}~2", "{}^9", "{}*", "*{}",
    "content:{}",
    "/{}/", "{} AND", "OR {}", "NOT {}", "IN [{}]", "\\{}", "{}:", "<{}", ">={}", '"{}"~3', "!{}",
    "{} || &&",
)  # fmt: skip


def test_no_query_is_taken_for_syntax(embedder: Embedder, tmp_path: Path) -> None:
    """Whatever operators stand around a word, it is found as the word, and nothing else is."""
    with opened(tmp_path, embedder) as world:
        world.remember("The lighthouse is painted vermilion.")
        world.remember("The ferry leaves at pier nine.", 1)
        world.follow.catch_up()
        ask = Recall(world.index)
        plain = [hit.content for hit in ask(RecallRequest("vermilion lighthouse", (WEB,))).hits]
        assert plain[0] == "The lighthouse is painted vermilion."
        for form in _SYNTAX:
            found = ask(RecallRequest(form.format("vermilion lighthouse"), (WEB,))).hits
            assert [hit.content for hit in found][:1] == plain[:1], form

        @settings(_QUIET, max_examples=60)
        @given(text=st.text(alphabet=st.sampled_from('+-&|!(){}[]^"~*?:\\/<>=, ANDORTOINaé\u0000'), max_size=60))
        def any_query(text: str) -> None:
            ask(RecallRequest(text, (WEB,)))

        any_query()


# Files of every shape.

_PIECES = [
    b"---\n", b"id: ", b"type: fact\n", b"&a ", b"*a\n", b"!!python/object:os.system x\n", b"[", b"]", b"{", b"}",
    b"- ",
    b"\n", b"key: a/b\n", b"? ", b": ", b"|\n", b">\n", b"'", b'"', b"%YAML 1.1\n", b"...\n", b"\t", b"\r\n", b"\xff",
    b"\x00",
    b"\xef\xbb\xbf", b"created: 2026-13-45\n", b"<<: *a\n", b"status: forgotten\n", b"a body\n", b"tags: [x]\n",
]  # fmt: skip
_YAMLISH = st.lists(st.sampled_from(_PIECES), max_size=25).map(b"".join)


@settings(_QUIET, max_examples=400)
@given(
    data=st.one_of(_YAMLISH, st.binary(max_size=200), _YAMLISH.map(lambda data: b"---\n" + data + b"---\nA body.\n"))
)
@example(data=b"---\na: " + b"[" * 60_000 + b"\n---\nbody\n")
@example(
    data=b"---\n" + b"".join(b"a%d: &a%d [%s]\n" % (n, n, b"*a%d," % (n - 1) * 9) for n in range(1, 9)) + b"---\nx\n"
)
@example(data=b"---\n" + b"  " * 90_000 + b"a: 1\n---\nbody\n")
def test_any_bytes_are_a_memory_or_a_problem_with_its_place(data: bytes) -> None:
    found = parse(data)
    if isinstance(found, Document):
        assert found.body is not None
    else:
        assert found.reason


def test_any_files_are_taken_in_or_named_and_bad_ones_are_left_as_they_are(embedder: Embedder) -> None:
    @settings(_QUIET, max_examples=8)
    @given(files=st.lists(st.one_of(_YAMLISH, st.binary(max_size=80)), min_size=1, max_size=8))
    def drop(files: list[bytes]) -> None:
        with tempfile.TemporaryDirectory() as folder, closing(World(Path(folder), embedder)) as world:
            place = world.web.folder / "facts" / "by-hand"
            place.mkdir(parents=True)
            for number, data in enumerate(files):
                (place / f"{number}.md").write_bytes(data)
            world.start()
            bad = {one.path: one.reason for one in world.follow.bad_files()}
            known = {one.path for one in world.web.memories(statuses=None)}
            for number, data in enumerate(files):
                path = f"facts/by-hand/{number}.md"
                assert path in bad or any(one.endswith(f"{number}.md") for one in known)
                if path in bad:
                    assert bad[path]
                    assert (place / f"{number}.md").read_bytes() == data

    drop()


def test_a_file_of_100_mb_is_named_and_not_read(embedder: Embedder, tmp_path: Path) -> None:
    with opened(tmp_path, embedder) as world:
        world.remember("The nightly backup runs at 02:10.")
        large = world.web.folder / "facts" / "large.md"
        large.parent.mkdir(exist_ok=True)
        with large.open("wb") as file:
            file.truncate(100 * 1024 * 1024)
        world.start()
        (bad,) = world.follow.bad_files()
        assert bad.path == "facts/large.md"
        assert "larger than" in bad.reason
        assert [one.memory.content for one in world.web.memories()] == ["The nightly backup runs at 02:10."]


@settings(_QUIET, max_examples=60)
@given(
    data=st.one_of(
        st.binary(max_size=200),
        _YAMLISH,
        st.dictionaries(
            st.sampled_from(["watch", "recall", "git", "listen", "profiles", "extract", "log", "nonsense"]),
            st.recursive(
                st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)), st.lists, max_leaves=5
            )
            | st.dictionaries(st.text(max_size=8), st.integers(), max_size=3),
            max_size=4,
        ).map(lambda value: json.dumps(value).encode()),
    )
)
@example(data=b"watch: " + b"[" * 20_000)
@example(data=b"a: &a [*a]\n")
@example(data=b"recall: {limit: 2026-13-45}\n")
def test_any_settings_are_settings_or_problems_all_told_at_once(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = {"SIDECAR_HOME": folder, "HOME": folder}
        places = resolve(environment)
        places.config_file.write_bytes(data)
        with suppress(ConfigInvalid):
            assert isinstance(load(places, environment), Config)


def test_a_request_with_a_bad_field_names_it(served: Daemon) -> None:
    with pytest.raises(BadRequest, match="query"):
        served.client.request("POST", f"{HTTP}/web/recall", {"query": 7})
