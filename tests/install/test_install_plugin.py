"""The plugin in the checkout is the one that the source makes, and it is what Claude Code reads."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import yaml

from sidecar.dialects import DIALECTS
from sidecar.install.program import is_our_hook, is_our_server

CHECKOUT = Path(__file__).parents[2]
PLUGIN = CHECKOUT / "plugins" / "claude-code"


def test_the_committed_plugin_is_the_generated_one() -> None:
    spec = importlib.util.spec_from_file_location("generate_plugin", CHECKOUT / "scripts" / "generate_plugin.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    made = script.files()
    folders = (CHECKOUT / "plugins", CHECKOUT / "contrib")
    committed = {str(path.relative_to(CHECKOUT)) for folder in folders for path in folder.rglob("*") if path.is_file()}
    assert committed == set(made)
    for name, text in made.items():
        assert (CHECKOUT / name).read_text("utf-8") == text, "run: python scripts/generate_plugin.py"


def test_it_has_a_manifest_hooks_a_server_and_a_skill() -> None:
    manifest = json.loads((PLUGIN / ".claude-plugin" / "plugin.json").read_text())
    assert manifest["name"] == "sidecar"
    hooks = json.loads((PLUGIN / "hooks" / "hooks.json").read_text())["hooks"]
    assert hooks.keys() == DIALECTS["claude-code"].events.keys()
    assert all(is_our_hook(group["hooks"][0]["command"]) for groups in hooks.values() for group in groups)
    server = json.loads((PLUGIN / ".mcp.json").read_text())["mcpServers"]["sidecar"]
    assert is_our_server(server["command"], server["args"])
    _, front, body = (PLUGIN / "skills" / "memory" / "SKILL.md").read_text().split("---\n", 2)
    assert yaml.safe_load(front).keys() == {"name", "description"}
    assert "recall" in body


def test_the_marketplace_leads_to_it() -> None:
    market = CHECKOUT / "plugins" / ".claude-plugin" / "marketplace.json"
    (entry,) = json.loads(market.read_text())["plugins"]
    assert (market.parents[1] / entry["source"]).resolve() == PLUGIN.resolve()
