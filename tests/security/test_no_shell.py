"""No shell runs anywhere, and nothing that is read is run: held by a walk over the source."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "sidecar"
FILES = sorted(path for path in PACKAGE.rglob("*.py"))

CALLS = {
    "os": {"system", "popen", "spawnl", "spawnlp", "spawnv", "spawnvp", "execl", "execlp", "startfile"},
    "subprocess": {"getoutput", "getstatusoutput"},
    "asyncio": {"create_subprocess_shell"},
    "pty": {"spawn"},
}
"""What hands a text to a shell, or could be given one word by word."""

BUILTINS = {"eval", "exec", "compile", "__import__"}
MODULES = {"pickle", "marshal", "shelve", "dill"}
"""What runs what it reads."""

GUARDED = {"daemon/parcels.py"}
"""Takes data alone out of a pickle: `tests/daemon/test_parcels.py`."""

SHELLS = {"sh", "bash", "dash", "zsh", "fish", "cmd", "cmd.exe", "powershell", "pwsh"}


def faults(tree: ast.AST) -> list[str]:
    """What must not be, with its line."""
    found = []
    runs = any(
        isinstance(node, ast.Import) and any(one.name == "subprocess" for one in node.names) for node in ast.walk(tree)
    )
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            found += _call(node)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = {one.name for one in node.names} | {getattr(node, "module", None)}
            found += [f"{node.lineno}: {name}" for name in sorted(MODULES & names)]
        elif runs and isinstance(node, ast.List | ast.Tuple) and node.elts:
            first = node.elts[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str) and Path(first.value).name in SHELLS:
                found.append(f"{node.lineno}: {first.value}")
    return found


def _call(node: ast.Call) -> list[str]:
    shell = [one for one in node.keywords if one.arg == "shell"]
    if any(not (isinstance(one.value, ast.Constant) and one.value.value is False) for one in shell):
        return [f"{node.lineno}: shell="]
    match node.func:
        case ast.Attribute(value=ast.Name(id=module), attr=name) if name in CALLS.get(module, ()):
            return [f"{node.lineno}: {module}.{name}"]
        case ast.Name(id=name) if name in BUILTINS:
            return [f"{node.lineno}: {name}"]
        case ast.Attribute(value=ast.Name(id="yaml"), attr="load" | "unsafe_load" | "full_load"):
            loaders = [ast.unparse(one) for one in (*node.args[1:], *(key.value for key in node.keywords))]
            return [] if any("Safe" in one or one.startswith("_") for one in loaders) else [f"{node.lineno}: yaml.load"]
    return []


def test_no_shell_and_nothing_that_runs_what_it_reads() -> None:
    assert len(FILES) > 300
    found = {str(path.relative_to(PACKAGE)): faults(ast.parse(path.read_text("utf-8"))) for path in FILES}
    assert {path: held for path, held in found.items() if held and path not in GUARDED} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import subprocess\nsubprocess.run('ls', shell=True)",
        "import subprocess\nsubprocess.Popen(words, shell=flag)",
        "import subprocess\nsubprocess.run(['/bin/sh', '-c', text])",
        "import subprocess\ncommand = ('bash', '-lc', text)",
        "import os\nos.system('ls')",
        "import os\nos.popen('ls')",
        "import asyncio\nasyncio.create_subprocess_shell('ls')",
        "import pickle",
        "from marshal import loads",
        "eval('1')",
        "yaml.load(text)",
    ],
)
def test_the_walk_sees_it(source: str) -> None:
    assert faults(ast.parse(source))


def test_the_walk_lets_the_rest_pass() -> None:
    source = (
        "import subprocess, re\nsubprocess.run(['git', 'log'], shell=False)\nre.compile('x')\nyaml.load(t, SafeLoader)"
    )
    assert faults(ast.parse(source)) == []
