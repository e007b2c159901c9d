"""The plugin for Claude Code: the same hooks, server and policy as `install` writes, as a folder that can be shared."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sidecar import __version__
from sidecar.install import hooks
from sidecar.install.instructions import POLICY
from sidecar.install.program import PORTABLE

_ABOUT = "A local memory: what earlier sessions decided, learned and corrected, from files that you own."

_SKILL = """\
---
name: memory
description: >-
  Look up what earlier sessions of this project decided, learned or corrected, and keep what should be known next time.
  Use it before asking the user about conventions, names, ports, owners or earlier work, and when the user states
  something lasting or corrects something.
---

@POLICY@

## How

- `recall` (MCP), or `sidecar recall "which package manager does the web front end use?"`: ask a whole question in one \
sentence. Nothing found means that nothing is known; do not guess.
- `remember` (MCP), or `sidecar remember "The staging server is rebuilt every Sunday night."`: one sentence that is \
understood without this conversation.
- `forget` (MCP), or `sidecar forget ID`: only when the user asks for it; it can be undone.
- `sidecar status` says whether the daemon runs; `sidecar up --detach` starts it. Without it everything goes on, \
only without a memory.
"""


def files() -> Mapping[str, str]:
    """Every file of the plugin, by its path in the plugin's folder."""
    return {
        ".claude-plugin/plugin.json": _json(
            {
                "name": "sidecar",
                "version": __version__,
                "description": _ABOUT,
                "author": {"name": "The sidecar authors"},
                "license": "Apache-2.0",
                "keywords": ["memory", "local", "mcp", "hooks"],
            }
        ),
        ".mcp.json": _json({"mcpServers": {"sidecar": {"command": PORTABLE.command, "args": PORTABLE.arguments}}}),
        "hooks/hooks.json": _json({"description": _ABOUT, "hooks": hooks.table("claude-code", PORTABLE)}),
        "skills/memory/SKILL.md": _SKILL.replace("@POLICY@", POLICY),
        "README.md": _README,
    }


_README = """\
# sidecar for Claude Code

This folder is made by `python scripts/generate_plugin.py`; do not edit it.

It needs the program: install it (`pipx install memory-sidecar`), and start the daemon with `sidecar up --detach`.
Then, in Claude Code, add the marketplace of the checkout and install the plugin:

    /plugin marketplace add PATH-OF-THE-CHECKOUT/plugins
    /plugin install sidecar@sidecar

It is the same as `sidecar install claude-code`: use one of the two.
"""


def marketplace() -> str:
    """The list by which Claude Code finds the plugin; it stands in the folder above."""
    entry = {"name": "sidecar", "source": "./claude-code", "description": _ABOUT}
    return _json({"name": "sidecar", "owner": {"name": "The sidecar authors"}, "plugins": [entry]})


def _json(content: object) -> str:
    return f"{json.dumps(content, indent=2)}\n"
