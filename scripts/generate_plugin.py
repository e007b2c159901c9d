"""Write what is handed out as files: `python scripts/generate_plugin.py`.

The plugin for Claude Code (plugins/claude-code/ and the marketplace file beside it), and the instructions for agents
without hooks (contrib/AGENTS.md).  A test fails if what is committed is not what this makes.
"""

from __future__ import annotations

from pathlib import Path

from sidecar.install import instructions, plugin

CHECKOUT = Path(__file__).resolve().parents[1]


def files() -> dict[str, str]:
    """Every file by its path in the checkout."""
    inside = {f"plugins/claude-code/{name}": text for name, text in plugin.files().items()}
    return {
        **inside,
        "plugins/.claude-plugin/marketplace.json": plugin.marketplace(),
        "contrib/AGENTS.md": instructions.edit().alone(),
    }


def main() -> None:
    """Write all files."""
    for name, text in files().items():
        path = CHECKOUT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
