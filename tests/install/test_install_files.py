"""Installing into the settings files that people have, and out of them again."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from sidecar.cli.main import main
from sidecar.dialects import DIALECTS
from sidecar.install.jsonc import Document
from sidecar.install.program import Program, is_our_hook, is_our_server, this_program
from sidecar.install.targets import AGENTS, targets

CONFIGS = Path(__file__).parents[1] / "data" / "configs"

PLACES = {
    "claude-code": {".claude/settings.json": "claude-settings.json", ".claude.json": "claude-state.json"},
    "codex": {".codex/config.toml": "codex-config.toml", ".codex/hooks.json": "codex-hooks.json"},
    "gemini": {".gemini/settings.json": "gemini-settings.json"},
    "qwen": {".qwen/settings.json": "qwen-settings-crlf.json"},
    "opencode": {".config/opencode/opencode.jsonc": "opencode.jsonc"},
    "cursor": {".cursor/hooks.json": "cursor-hooks.json", ".cursor/mcp.json": "cursor-mcp.json"},
    "vscode": {".config/Code/User/mcp.json": "vscode-mcp.json"},
    "goose": {".config/goose/config.yaml": "goose.yaml"},
    "copilot": {".copilot/mcp-config.json": "copilot-mcp.json"},
}


@pytest.fixture
def machine(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with the settings of every agent, and a program to run."""
    monkeypatch.setenv("SIDECAR_HOME", str(tmp_path / "sidecar"))
    monkeypatch.setattr(sys, "platform", "linux")
    program = tmp_path / "bin" / "sidecar"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.chdir(home)
    for files in PLACES.values():
        for path, source in files.items():
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            (home / path).write_bytes((CONFIGS / source).read_bytes())
    return home


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes() if path.is_file() else b"", path.lstat().st_mode)
        for path in sorted(folder.rglob("*"))
    }


def backups() -> list[Path]:
    return sorted(path for path in (Path(os.environ["SIDECAR_HOME"])).rglob("*") if path.is_file())


def value(path: Path) -> dict:
    document = Document(path.read_text())
    assert document.root is not None
    return document.value(document.root)


@pytest.mark.parametrize("agent", sorted(AGENTS))
def test_in_and_out_again_leaves_every_byte(machine: Path, agent: str) -> None:
    before = snapshot(machine)
    assert main(["install", agent, "--yes"]) == 0
    changed = snapshot(machine)
    assert {path for path in before if changed.get(path) != before[path]} == set(PLACES[agent])
    for path in PLACES[agent]:
        assert changed[path][1] == before[path][1], "permissions stay"
    assert main(["install", agent, "--yes"]) == 0
    assert snapshot(machine) == changed, "twice is once"
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in backups())
    assert main(["uninstall", agent, "--yes"]) == 0
    assert snapshot(machine) == before
    assert backups() == []


@pytest.mark.parametrize("agent", sorted(AGENTS))
def test_without_any_record_too(machine: Path, agent: str) -> None:
    """Whoever has lost the state folder gets the same, but for objects that would have been empty before."""
    before = snapshot(machine)
    main(["install", agent, "--yes"])
    for path in backups():
        path.unlink()
    assert main(["uninstall", agent, "--yes"]) == 0
    after = snapshot(machine)
    for path in PLACES[agent]:
        texts = [found[path][0].decode() for found in (after, before)]
        if path.endswith((".toml", ".yaml")):
            assert texts[0] == texts[1]
        else:
            left, was = (document.value(document.root) for document in map(Document, texts) if document.root)
            assert {key: held for key, held in left.items() if held} == {key: held for key, held in was.items() if held}


@pytest.mark.parametrize("agent", sorted(AGENTS))
def test_where_nothing_is_it_comes_and_goes_again(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agent: str
) -> None:
    monkeypatch.setenv("SIDECAR_HOME", str(tmp_path / "sidecar"))
    before = snapshot(home)
    assert main(["install", agent, "--yes"]) == 0
    assert len(snapshot(home)) > len(before)
    for target in targets(AGENTS[agent], os.environ, Program(("x",))):
        assert stat.S_IMODE(target.path.stat().st_mode) == 0o600
    assert main(["uninstall", agent, "--yes"]) == 0
    assert snapshot(home) == before


@pytest.mark.parametrize("agent", sorted(AGENTS))
def test_what_changed_meanwhile_stays(machine: Path, agent: str) -> None:
    main(["install", agent, "--yes"])
    changed = {}
    for path in PLACES[agent]:
        text = (machine / path).read_bytes().decode()
        added = text + "# mine\n" if path.endswith((".toml", ".yaml")) else text.replace("{", '{"mine": 1,', 1)
        (machine / path).write_bytes(added.encode())
        changed[path] = added
    assert main(["uninstall", agent, "--yes"]) == 0
    for path, source in PLACES[agent].items():
        was = (CONFIGS / source).read_bytes().decode()
        expected = was + "# mine\n" if path.endswith((".toml", ".yaml")) else was.replace("{", '{"mine": 1,', 1)
        assert (machine / path).read_bytes().decode() == expected


def test_hooks_and_servers_of_others_stay_and_so_does_another_memory(machine: Path) -> None:
    main(["install", "claude-code", "--yes"])
    settings = value(machine / ".claude/settings.json")
    assert settings["hooks"]["SessionStart"][0]["hooks"][0]["command"] == "other-memory hook session-start"
    assert set(settings["hooks"]) == {"PostToolUse", *DIALECTS["claude-code"].events}
    servers = value(machine / ".claude.json")["mcpServers"]
    assert list(servers) == ["github", "memory", "sidecar"]
    main(["install", "qwen", "--yes"])
    assert value(machine / ".qwen/settings.json")["memory"] == {"mem0": {"enabled": True}}


@pytest.mark.parametrize("agent", ["claude-code", "codex", "gemini", "qwen", "cursor", "copilot"])
def test_every_hook_of_the_dialect_is_there_in_the_agents_own_unit(machine: Path, agent: str) -> None:
    main(["install", agent, "--yes"])
    path = {
        "claude-code": ".claude/settings.json",
        "codex": ".codex/hooks.json",
        "copilot": ".copilot/hooks/sidecar.json",
    }
    folder = {"gemini": ".gemini/settings.json", "qwen": ".qwen/settings.json", "cursor": ".cursor/hooks.json"}
    found = value(machine / {**path, **folder}[agent])["hooks"]
    for event in DIALECTS[agent].events:
        hooks = [hook for item in found[event] for hook in item.get("hooks", [item])]
        ours = [hook for hook in hooks if is_our_hook(hook.get("command", hook.get("bash")))]
        assert len(ours) == 1
        command = ours[0].get("command", ours[0].get("bash"))
        assert command.endswith(f"/bin/sidecar hook {event} --agent {agent}")
        limit = ours[0].get("timeout", ours[0].get("timeoutSec"))
        seconds = limit / 1000 if agent == "gemini" else limit
        assert 1 <= seconds <= 5
    if agent == "codex":
        assert found["SessionEnd"][0]["hooks"][0]["timeout"] <= 3, "Codex allows no more at the end of a session"


def test_every_server_is_there_in_the_agents_own_form(machine: Path) -> None:
    main(["install", "--all", "--yes"])
    codex = tomllib.loads((machine / ".codex/config.toml").read_text())["mcp_servers"]["sidecar"]
    assert codex["args"] == ["mcp"]
    assert "XDG_RUNTIME_DIR" in codex["env_vars"], "Codex starts servers without it, and the socket lies there"
    opencode = value(machine / ".config/opencode/opencode.jsonc")["mcp"]["sidecar"]
    assert opencode["command"][1:] == ["mcp"]
    assert value(machine / ".config/Code/User/mcp.json")["servers"]["sidecar"]["type"] == "stdio"
    assert value(machine / ".copilot/mcp-config.json")["mcpServers"]["sidecar"]["tools"] == ["*"]


def test_all_means_those_that_are_here(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setenv("SIDECAR_HOME", str(tmp_path / "sidecar"))
    assert main(["install", "--all", "--yes"]) == 0
    assert "No agent" in capsys.readouterr().out
    (home / ".gemini").mkdir()
    assert main(["install", "--all", "--yes"]) == 0
    assert {path.name for path in home.iterdir()} == {".gemini", ".gitconfig"}


def test_a_newer_program_replaces_the_old_entries_and_the_way_back_stays(
    machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(machine)
    main(["install", "--all", "--yes"])
    program = tmp_path / "elsewhere" / "sidecar"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    main(["install", "--all", "--yes"])
    text = (machine / ".claude/settings.json").read_text()
    assert f"{tmp_path}/bin/" not in text
    assert text.count(str(program)) == len(DIALECTS["claude-code"].events)
    main(["uninstall", "--all", "--yes"])
    assert snapshot(machine) == before


def test_a_link_stays_one_and_what_it_leads_to_is_edited(machine: Path) -> None:
    kept = machine / "dotfiles" / "claude.json"
    kept.parent.mkdir()
    path = machine / ".claude" / "settings.json"
    path.rename(kept)
    path.symlink_to(kept)
    before = snapshot(machine)
    main(["install", "claude-code", "--yes"])
    assert path.is_symlink()
    assert "sidecar hook" in kept.read_text()
    main(["uninstall", "claude-code", "--yes"])
    assert snapshot(machine) == before


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: path.chmod(0o444), "is read-only"),
        (lambda path: (path.unlink(), path.mkdir()), "is not a file"),
        (lambda path: (path.unlink(), path.symlink_to("nowhere")), "is a link to nothing"),
        (lambda path: (path.unlink(), os.mkfifo(path)), "is not a file"),
        (lambda path: path.write_bytes(b'{"a": "\xff"}'), "is not UTF-8"),
        (lambda path: path.write_text('{"a": '), "cannot be understood (line 1"),
        (lambda path: path.write_text('{"hooks": []}'), "cannot be understood (line 1"),
        (lambda path: path.write_text("[]"), "cannot be understood (line 1"),
    ],
)
def test_an_odd_file_is_left_as_it_is_and_named(machine: Path, capsys, make, why: str) -> None:
    path = machine / ".claude" / "settings.json"
    make(path)
    mode, data = path.lstat().st_mode, path.read_bytes() if path.is_file() else None
    assert main(["install", "claude-code", "--yes"]) == 6
    told = capsys.readouterr().err
    assert f"{path}: " in told
    assert why in told
    assert "--print" in told
    assert (path.lstat().st_mode, path.read_bytes() if path.is_file() else None) == (mode, data)
    assert "sidecar" in (machine / ".claude.json").read_text(), "the other file is not held up by that"


@pytest.mark.parametrize("content", [b"", b"\n", b"{}", b"{ }\n", b"// nothing yet\n", b"\xef\xbb\xbf{}\r\n"])
def test_an_empty_file_is_filled_and_emptied_again(machine: Path, content: bytes) -> None:
    path = machine / ".claude" / "settings.json"
    path.write_bytes(content)
    main(["install", "claude-code", "--yes"])
    assert set(value(path)["hooks"]) == set(DIALECTS["claude-code"].events)
    main(["uninstall", "claude-code", "--yes"])
    assert path.read_bytes() == content


EVERY_FILE = [(agent, path) for agent, files in PLACES.items() for path in files]


@pytest.mark.parametrize(("agent", "name"), EVERY_FILE)
def test_every_file_may_be_empty_a_link_read_only_or_odd(machine: Path, agent: str, name: str, capsys) -> None:
    path = machine / name
    real = path.read_bytes()

    def and_out_again(wanted: int) -> None:
        before = snapshot(machine)
        assert main(["install", agent, "--yes"]) == wanted
        assert (snapshot(machine)[name] == before[name]) is (wanted != 0)
        assert main(["uninstall", agent, "--yes"]) in (0, wanted)
        assert snapshot(machine) == before

    path.write_bytes(b"")
    and_out_again(0)
    kept = machine / "dotfiles"
    kept.write_bytes(real)
    path.unlink()
    path.symlink_to(kept)
    and_out_again(0)
    assert path.is_symlink()
    path.unlink()
    path.write_bytes(real)
    path.chmod(0o444)
    and_out_again(6)
    path.chmod(0o644)
    for odd in (b"[[[ neither", b"\xff\xfe", b'- "a list"\n- 1\n'):
        path.write_bytes(odd)
        and_out_again(6)
    assert str(path) in capsys.readouterr().err


def test_a_server_of_that_name_which_is_not_ours_is_left(machine: Path, capsys) -> None:
    path = machine / ".cursor" / "mcp.json"
    path.write_text('{"mcpServers": {"sidecar": {"command": "docker", "args": ["run", "sidecar"]}}}')
    before = path.read_bytes()
    assert main(["install", "cursor", "--yes"]) == 6
    assert "mcpServers.sidecar is set already" in capsys.readouterr().err
    assert main(["uninstall", "cursor", "--yes"]) == 0
    assert path.read_bytes() == before


def test_nobody_asked_means_nothing_done(machine: Path, capsys) -> None:
    before = snapshot(machine)
    assert main(["install", "claude-code"]) == 6
    told = capsys.readouterr()
    assert "+" in told.out
    assert "sidecar hook SessionStart --agent claude-code" in told.out
    assert "Say --yes." in told.err
    assert snapshot(machine) == before


def test_print_changes_nothing_and_is_portable(machine: Path, capsys) -> None:
    before = snapshot(machine)
    assert main(["install", "codex", "gemini", "--print"]) == 0
    out = capsys.readouterr().out
    assert '"sidecar hook BeforeAgent --agent gemini"' in out
    assert "[mcp_servers.sidecar]" in out
    assert str(machine / ".gemini/settings.json") in out
    assert snapshot(machine) == before
    assert backups() == []


def test_instructions_go_into_the_file_that_is_named_and_nowhere_else(machine: Path) -> None:
    project = machine / "web"
    project.mkdir()
    path = project / "AGENTS.md"
    path.write_bytes((CONFIGS / "agents.md").read_bytes())
    before = snapshot(machine)
    assert main(["install", "--instructions", "web/AGENTS.md", "--yes"]) == 0
    text = path.read_text()
    assert text.startswith((CONFIGS / "agents.md").read_text())
    assert "`recall`" in text
    assert text.count("sidecar:start") == 1
    assert {name for name, found in snapshot(machine).items() if before.get(name) != found} == {"web/AGENTS.md"}
    main(["uninstall", "--instructions", str(path), "--yes"])
    assert snapshot(machine) == before


@pytest.mark.parametrize(
    "content",
    [None, b"", b"\n", b"# Rules\n", b"# Rules", b"# Rules\r\n\r\nBe kind.\r\n", b"\xef\xbb\xbf# Rules\n\n\n"],
)
def test_instructions_come_once_and_go_without_a_trace(machine: Path, content: bytes | None) -> None:
    path = machine / "CLAUDE.md"
    if content is not None:
        path.write_bytes(content)
    before = snapshot(machine)
    assert main(["install", "--instructions", "CLAUDE.md", "--yes"]) == 0
    inside = path.read_bytes()
    assert inside.startswith(content or b"")
    assert main(["install", "--instructions", "CLAUDE.md", "--yes"]) == 0
    assert path.read_bytes() == inside
    assert main(["uninstall", "--instructions", "CLAUDE.md", "--yes"]) == 0
    assert snapshot(machine) == before
    assert backups() == []


def test_instructions_behind_a_link_or_read_only(machine: Path, capsys) -> None:
    agents, claude = machine / "AGENTS.md", machine / "CLAUDE.md"
    agents.write_text("# Rules\n")
    claude.symlink_to("AGENTS.md")
    assert main(["install", "--instructions", "CLAUDE.md", "--yes"]) == 0
    assert claude.is_symlink()
    assert "`recall`" in agents.read_text()
    main(["uninstall", "--instructions", "CLAUDE.md", "--yes"])
    assert agents.read_text() == "# Rules\n"
    agents.chmod(0o444)
    assert main(["install", "--instructions", "AGENTS.md", "--yes"]) == 6
    assert "is read-only" in capsys.readouterr().err
    assert agents.read_text() == "# Rules\n"


def test_print_shows_the_instructions_that_contrib_has(machine: Path, capsys) -> None:
    before = snapshot(machine)
    assert main(["install", "--instructions", "AGENTS.md", "--print"]) == 0
    assert (CONFIGS.parents[2] / "contrib" / "AGENTS.md").read_text("utf-8") in capsys.readouterr().out
    assert snapshot(machine) == before


def test_the_service_runs_this_program(machine: Path, capsys) -> None:
    before = snapshot(machine)
    assert main(["install", "--service", "--yes"]) == 0
    unit = (machine / ".config/systemd/user/sidecar.service").read_text()
    assert "/bin/sidecar up --yes\n" in unit
    assert "RestartPreventExitStatus=2 5 6 10 12" in unit
    assert "systemctl --user" in capsys.readouterr().out
    main(["uninstall", "--service", "--yes"])
    assert snapshot(machine) == before


def test_no_agent_named_is_an_error(machine: Path, capsys) -> None:
    assert main(["install"]) == 2
    assert "Name an agent" in capsys.readouterr().err
    assert main(["install", "emacs"]) == 2


def test_our_own_commands_are_known_again() -> None:
    for words in (
        ("sidecar",),
        ("/home/ines/.local/bin/sidecar",),
        ("/opt/my tools/sidecar",),
        (sys.executable, "-m", "sidecar"),  # as earlier versions wrote it
        (sys.executable, "-P", "-m", "sidecar"),
    ):
        program = Program(words)
        assert is_our_hook(program.hook("Stop", "codex"))
        assert is_our_server(program.command, program.arguments)
    for other in (
        "other-sidecar hook Stop --agent x",
        "sidecar hook Stop --agent x; rm -rf /",
        "mysidecar hook Stop --agent x",
        None,
        3,
    ):
        assert not is_our_hook(other)
    for command, arguments in (
        ("npx", ["mcp"]),
        ("sidecar", ["serve"]),
        ("sidecar", None),
        (None, ["mcp"]),
        ("docker", ["run", "sidecar", "mcp"]),
    ):
        assert not is_our_server(command, arguments)


def test_the_program_is_taken_by_the_path_that_lasts(tmp_path: Path) -> None:
    real = tmp_path / "venvs" / "sidecar" / "bin" / "sidecar"
    real.parent.mkdir(parents=True)
    real.write_text("#!/bin/sh\n")
    real.chmod(0o755)
    link = tmp_path / "bin" / "sidecar"
    link.parent.mkdir()
    link.symlink_to(real)
    assert this_program({"PATH": str(link.parent)}, str(real)).words == (str(link),)
    assert this_program({"PATH": "/nowhere"}, str(real)).words == (str(real),)
    assert this_program({"PATH": "/nowhere"}, "/x/pytest").words == (sys.executable, "-P", "-m", "sidecar")


def test_no_program_and_no_module_of_the_folder_is_run_in_which_an_agent_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A repository may hold a `sidecar` of its own, and modules that are named like those that we need."""
    (tmp_path / "bin").mkdir()
    for name in ("sidecar.py", "json.py", "bin/sidecar"):
        (tmp_path / name).write_text("raise SystemExit('of the repository')\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.chdir(tmp_path)
    program = this_program({"PATH": f"bin:./bin:.:{os.defpath}"}, "/x/pytest")
    assert program.words == (sys.executable, "-P", "-m", "sidecar")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [*program.words, "hook", "Stop", "--agent", "codex"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, input="{}", capture_output=True, text=True)
    assert "of the repository" not in done.stdout + done.stderr


def test_the_plugin_for_opencode_gives_what_sidecar_says_and_survives_its_absence(
    machine: Path, tmp_path: Path
) -> None:
    node = "/usr/bin/node"
    if not Path(node).exists():
        pytest.skip("needs Node")
    fake = tmp_path / "bin" / "sidecar"
    fake.write_text(
        '#!/bin/sh\ncat > /dev/null\n[ "$2" = prompt ] && printf "<sidecar-context>known</sidecar-context>"\nexit 0\n'
    )
    main(["install", "opencode", "--yes"])
    plugin = machine / ".config/opencode/plugins/sidecar.js"
    (plugin.parent / "package.json").write_text('{"type": "module"}')
    drive = tmp_path / "drive.mjs"
    drive.write_text(
        f'import {{ Sidecar }} from "{plugin}"\n'
        'const hooks = await Sidecar({ directory: "/tmp" })\n'
        'const output = { parts: [{ type: "text", text: "hello" }, { type: "file" }] }\n'
        'await hooks["chat.message"]({ sessionID: "s" }, output)\n'
        'await hooks.event({ event: { type: "session.idle", properties: { sessionID: "s" } } })\n'
        'await hooks["experimental.session.compacting"]({ sessionID: "s" }, {})\n'
        "console.log(JSON.stringify(output.parts))\n"
    )
    done = subprocess.run([node, str(drive)], capture_output=True, text=True, timeout=60)
    assert json.loads(done.stdout)[0]["text"] == "hello\n\n<sidecar-context>known</sidecar-context>", done.stderr
    fake.unlink()
    done = subprocess.run([node, str(drive)], capture_output=True, text=True, timeout=60)
    assert json.loads(done.stdout)[0]["text"] == "hello", done.stderr
