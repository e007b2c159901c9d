"""Settings: where values come from, what is refused, and that all of it is told at once."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sidecar import config
from sidecar.config.host import is_local, read_host
from sidecar.config.view import scalar
from sidecar.errors import CloudModel, ConfigInvalid, RemoteModelHost
from sidecar.model import AGENTS
from sidecar.paths import resolve
from sidecar.transcripts import READERS

DEFAULTS = {
    "namespace": "local",
    "profiles": [],
    "watch": {"agents": "auto", "extra": [], "quiet_seconds": 60, "rescan_minutes": 15, "backfill_days": None},
    "archive": {"enabled": True, "keep_days": None, "max_mb": 2048},
    "extract": {
        "extractor": "auto",
        "host": "http://127.0.0.1:11434",
        "allow_remote": False,
        "model": "qwen3:4b-instruct",
        "verify_model": None,
        "recall_model": None,
        "stall_seconds": 60,
        "timeout_seconds": 900,
        "seconds_per_hour": 1800,
        "nice": 10,
        "pause_on_battery": True,
        "review": False,
    },
    "embedding": {"model": "bundled"},
    "recall": {"limit": 10, "include_personal": True},
    "git": {"quiet_seconds": 2, "max_seconds": 30},
    "sync": {"minutes": 10},
    "hooks": {"timeout_ms": 300, "budget_tokens": 1500},
    "mcp": {"http": False, "autostart": False},
    "reflect": {"enabled": False, "policy": "review", "idle_minutes": 30},
    "listen": {"tcp": None, "token_file": None},
    "log": {"level": "info"},
}
"""The contract's own list: names and defaults never change."""


def load(folder: Path, text: str = "", environ: Mapping[str, str] | None = None) -> config.Config:
    (folder / "config.yaml").write_text(text, "utf-8")
    return config.load(resolve({"SIDECAR_HOME": str(folder)}), {"HOME": "/home/ines", **(environ or {})})


def problems(folder: Path, text: str = "", environ: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigInvalid) as caught:
        load(folder, text, environ)
    found = caught.value.fields["found"]
    assert isinstance(found, tuple)
    assert f"{len(found)} problem(s)" in caught.value.message
    return list(found)


def test_without_a_file_all_settings_have_the_defaults_of_the_contract(tmp_path: Path) -> None:
    settings = config.load(resolve({"SIDECAR_HOME": str(tmp_path)}), {})
    assert config.dump(settings) == DEFAULTS


def test_environment_goes_before_file_before_ollama_host_before_default(tmp_path: Path) -> None:
    host = "SIDECAR_EXTRACT_HOST"
    text = "extract: {host: 'http://127.0.0.1:2'}"
    environ = {"OLLAMA_HOST": "127.0.0.1:3"}
    assert load(tmp_path, text, {**environ, host: "http://127.0.0.1:1"}).extract.host == "http://127.0.0.1:1"
    assert load(tmp_path, text, environ).extract.host == "http://127.0.0.1:2"
    assert load(tmp_path, "", environ).extract.host == "http://127.0.0.1:3"
    assert load(tmp_path).extract.host == "http://127.0.0.1:11434"


def test_values_of_the_environment_are_yaml_and_empty_ones_are_not_set(tmp_path: Path) -> None:
    environ = {
        "SIDECAR_WATCH_QUIET_SECONDS": "0.5",
        "SIDECAR_ARCHIVE_KEEP_DAYS": "null",
        "SIDECAR_RECALL_INCLUDE_PERSONAL": "no",
        "SIDECAR_WATCH_EXTRA": "[{agent: codex, path: ~/more}]",
        "SIDECAR_NAMESPACE": "",
        "SIDECAR_HOME": "/elsewhere",
    }
    settings = load(tmp_path, "archive: {keep_days: 5}\nnamespace: team", environ)
    assert settings.watch.quiet_seconds == 0.5
    assert settings.archive.keep_days is None
    assert settings.recall.include_personal is False
    assert settings.watch.extra == (config.ExtraFolder("codex", "/home/ines/more"),)
    assert settings.namespace == "team"


@pytest.mark.parametrize("folder", ["~", "/home/ines", "/home", "/", "/home/ines/x/.."])
def test_home_is_never_watched_as_a_whole(folder: str, tmp_path: Path) -> None:
    assert problems(tmp_path, f"watch: {{extra: [{{agent: native, path: '{folder}'}}]}}") == [
        f"watch.extra[0]: must not be your home folder or one above it (got {folder.replace('~', '/home/ines')})"
    ]


def test_all_problems_are_told_at_once_with_key_and_value(tmp_path: Path) -> None:
    text = """
namspace: x
limit: 4
watch: {quiet_seconds: -1, quiet: 3, backfill_days: 1.5}
extract: 7
recall: {limit: true}
"""
    assert problems(tmp_path, text, {"SIDECAR_GIT_QUIET": "4", "SIDECAR_LOG_LEVEL": "loud"}) == [
        "namspace: is not a setting; did you mean namespace? (got x)",
        "limit: is not a setting; did you mean recall.limit? (got 4)",
        "watch.quiet: is not a setting; did you mean watch.quiet_seconds? (got 3)",
        "extract: must hold settings as `key: value` (got 7)",
        "SIDECAR_GIT_QUIET: is not a setting; did you mean SIDECAR_GIT_QUIET_SECONDS? (got 4)",
        "watch.quiet_seconds: must be a number from 0 to 86400 (got -1)",
        "watch.backfill_days: must be a whole number from 0 to 36500, or null (got 1.5)",
        "recall.limit: must be a whole number from 1 to 100 (got True)",
        "log.level: must be one of debug, info, warning, error (got loud, from SIDECAR_LOG_LEVEL)",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [", "line 1"),
        ("recall: {limit: 3}\nrecall: {limit: 4}", "line 2, column 1: recall stands twice"),
        ("- a list", "the file must hold settings"),
        ("recall: !!python/object/apply:os.getcwd []", "could not determine a constructor"),
        ("? [a, b]\n: 1", "a key must be text"),
        ("git: {quiet_seconds: 9, max_seconds: 3}", "git.max_seconds: must not be less"),
        ("listen: {tcp: '0.0.0.0:7373'}", "listen.tcp: must be an address of this machine with a port"),
        ("listen: {tcp: '192.168.1.4:7373'}", "others could reach 192.168.1.4"),
        ("listen: {tcp: '[::]:7373'}", "others could reach ::"),
        ("listen: {tcp: 'example.org:7373'}", "listen.tcp: must be an address of this machine"),
        ("listen: {tcp: '127.0.0.1:70000'}", "listen.tcp: must be an address of this machine"),
        ("listen: {token_file: token}", "listen.token_file: must be a file, by its whole path"),
    ],
)
def test_a_file_that_makes_no_sense_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    [problem] = problems(tmp_path, text)
    assert told in problem


@pytest.mark.parametrize(
    ("given", "bound"),
    [
        ("127.0.0.1:7373", "127.0.0.1:7373"),
        ("127.8.9.1:0", "127.8.9.1:0"),
        ("localhost:7373", "127.0.0.1:7373"),
        ("[::1]:7373", "[::1]:7373"),
    ],
)
def test_the_tcp_address_is_this_machines_own(tmp_path: Path, given: str, bound: str) -> None:
    (tmp_path / "config.yaml").write_text(f"listen: {{tcp: '{given}'}}")
    assert config.load(resolve({"SIDECAR_HOME": str(tmp_path)}), {}).listen.tcp == bound


def test_a_file_that_is_not_utf8_or_not_readable(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigInvalid, match="cannot be read"):
        config.load(resolve({"SIDECAR_HOME": str(tmp_path)}), {})
    (tmp_path / "config.yaml").unlink()
    (tmp_path / "config.yaml").mkdir()
    with pytest.raises(ConfigInvalid, match="cannot be read"):
        config.load(resolve({"SIDECAR_HOME": str(tmp_path)}), {})


def test_profile_rules_keep_their_order_and_their_paths_are_made_whole(tmp_path: Path) -> None:
    text = """
profiles:
  - {path: "~/work/*", profile: work}
  - {remote: "*github.com/acme/*", agent: codex, profile: acme}
  - {path: /tmp/*, ignore: true}
"""
    assert load(tmp_path, text).profiles == (
        config.ProfileRule(path="/home/ines/work/*", profile="work"),
        config.ProfileRule(remote="*github.com/acme/*", agent="codex", profile="acme"),
        config.ProfileRule(path="/tmp/*", ignore=True),
    )


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("{profile: x}", "needs one of path, remote and agent"),
        ("{path: a}", "needs either profile or ignore: true"),
        ("{path: a, profile: x, ignore: true}", "needs either profile or ignore: true"),
        ("{path: a, profile: 'No Such Name'}", "profile must be a name"),
        ("{path: 3, profile: x}", "path must be a glob pattern"),
        ("{path: a, profil: x}", "has the unknown key profil"),
        ("work", "must be a rule such as"),
    ],
)
def test_a_bad_profile_rule_is_named_by_its_number(tmp_path: Path, rule: str, why: str) -> None:
    [problem] = problems(tmp_path, f"profiles: [{{path: ok, profile: ok}}, {rule}]")
    assert problem.startswith(f"profiles[1] {why}")


@pytest.mark.parametrize("entry", ["{agent: codex}", "{path: /x}", "{agent: 'A B', path: /x}", "/x"])
def test_a_bad_extra_folder_is_named_by_its_number(tmp_path: Path, entry: str) -> None:
    [problem] = problems(tmp_path, f"watch: {{extra: [{entry}]}}")
    assert problem.startswith("watch.extra[0] ")


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:11434"),
        ("0.0.0.0:4000", "http://127.0.0.1:4000"),
        ("http://[::]:11434", "http://127.0.0.1:11434"),
        (":4000", "http://127.0.0.1:4000"),
        ("::1", "http://[::1]:11434"),
        ("https://models.example.org/ollama/", "https://models.example.org/ollama"),
        (" localhost:1 ", "http://localhost:1"),
    ],
)
def test_a_host_is_read_as_ollama_reads_it(given: str, url: str) -> None:
    assert read_host(given) == url


@pytest.mark.parametrize("given", ["", "a b", "ftp://x", "http://", "http://x:port", 7, None])
def test_what_is_no_host_is_refused(given: object) -> None:
    with pytest.raises(ValueError, match="must be the address"):
        read_host(given)


def test_credentials_in_a_host_are_refused_because_hosts_are_shown_and_logged() -> None:
    with pytest.raises(ValueError, match="must not contain"):
        read_host("http://127.0.0.1:secret@evil.example")


@pytest.mark.parametrize(
    "host", ["http://127.0.0.1:1", "http://127.9.9.9", "http://[::1]:1", "http://ollama.localhost"]
)
def test_this_machine_is_local(host: str) -> None:
    assert is_local(host)


@pytest.mark.parametrize(
    "host",
    [
        "http://192.168.0.7:11434",
        "https://ollama.com",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
    ],
)
def test_another_machine_is_refused_unless_it_is_allowed(tmp_path: Path, host: str) -> None:
    with pytest.raises(RemoteModelHost):
        load(tmp_path, environ={"OLLAMA_HOST": host})
    allowed = load(tmp_path, "extract: {allow_remote: true}", {"OLLAMA_HOST": host})
    assert allowed.extract.host.startswith(host)


@pytest.mark.parametrize("key", ["model", "verify_model", "recall_model"])
def test_a_cloud_model_is_refused_unless_it_is_allowed(tmp_path: Path, key: str) -> None:
    for name in ("gpt-oss:120b-cloud", "kimi-k2:cloud"):
        with pytest.raises(CloudModel, match=name):
            load(tmp_path, f"extract: {{{key}: '{name}'}}")
        assert load(tmp_path, f"extract: {{{key}: '{name}', allow_remote: true}}")


def test_a_changed_setting_applies_at_once_or_needs_a_restart(tmp_path: Path) -> None:
    old = load(tmp_path)
    new = load(tmp_path, "log: {level: debug}\nembedding: {model: other}\nnamespace: team")
    applies, restart = config.diff(old, new)
    assert applies == (config.SettingChange("log.level", "info", "debug"),)
    assert [change.key for change in restart] == ["namespace", "embedding.model"]
    assert config.diff(old, old) == ((), ())


def test_every_setting_is_documented_and_its_default_is_valid() -> None:
    for item in config.declared():
        assert item.spec.help.endswith("."), item.key
        assert item.spec.kind.read(item.default) == item.default, item.key


def test_the_example_is_all_defaults_once_its_comments_are_taken_away() -> None:
    lines = [line for line in config.example().splitlines() if not line.lstrip().startswith("# ")]
    assert yaml.safe_load("\n".join(line.replace("#", "", 1) for line in lines)) == DEFAULTS


def test_the_example_as_it_is_changes_nothing(tmp_path: Path) -> None:
    assert config.dump(load(tmp_path, config.example())) == DEFAULTS


def test_the_file_in_the_checkout_is_the_example() -> None:
    assert (Path(__file__).parents[1] / "config.example.yaml").read_text("utf-8") == config.example()


def test_settings_written_as_yaml_are_the_same_when_read_again(tmp_path: Path) -> None:
    text = "profiles: [{path: '~/a: b #*', profile: x}]\nwatch: {agents: [codex], extra: [{agent: codex, path: /ä}]}"
    settings = load(tmp_path, text)
    assert load(tmp_path, config.to_yaml(settings)) == settings
    changed = replace(settings, recall=replace(settings.recall, limit=99))
    assert load(tmp_path, config.to_yaml(changed)) == changed


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])) | st.none() | st.booleans() | st.integers())
def test_a_scalar_comes_back_from_yaml_as_it_was(value: object) -> None:
    assert yaml.safe_load(f"key: {scalar(value)}") == {"key": value}


@pytest.mark.parametrize("text", ["watch: {agents: [nobody]}", "watch: {extra: [{agent: nobody, path: /x}]}"])
def test_an_agent_that_nobody_can_read_is_a_problem_that_names_the_known_ones(tmp_path: Path, text: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert f"one of {', '.join(AGENTS)}" in problem


def test_the_agents_of_the_settings_are_those_that_have_a_reader() -> None:
    assert tuple(sorted(READERS)) == AGENTS


def test_what_a_running_daemon_adopts_is_exactly_what_is_live(tmp_path: Path) -> None:
    old = load(tmp_path)
    new = load(
        tmp_path,
        "namespace: other\nrecall: {limit: 3}\nwatch: {backfill_days: 1, quiet_seconds: 5}\nlog: {level: debug}\n",
    )
    applies, restart = config.diff(old, new)
    counts = config.adopted(old, new)
    assert config.diff(old, counts) == (applies, ())
    assert config.diff(counts, new) == ((), restart)
    assert (counts.namespace, counts.recall.limit, counts.watch.backfill_days) == ("local", 3, None)


def test_what_is_not_used_yet_says_so_and_is_not_called_live() -> None:
    later = [item for item in config.declared() if item.spec.later]
    assert {item.section for item in later} == {"sync", "reflect"}
    assert not [item.key for item in later if item.spec.reloadable]
    assert config.example().count(config.NOT_YET) == len(later)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (os.mkfifo, "not a regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
        (Path.mkdir, "not a regular file"),
        (lambda path: path.write_bytes(b"# " + b"a" * (1 << 20)), "larger than"),
        (lambda path: path.write_bytes(b"\xff"), "cannot be read"),
    ],
)
def test_settings_that_are_no_file_of_words_are_told_and_not_waited_for(
    tmp_path: Path, make: Callable[[Path], object], why: str
) -> None:
    make(tmp_path / "config.yaml")
    with pytest.raises(ConfigInvalid, match=why):
        config.load(resolve({"SIDECAR_HOME": str(tmp_path)}), {})
