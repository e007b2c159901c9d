"""sidecar: a local memory for AI agents, kept as Markdown in git repositories that you own."""

__version__ = "0.1.0"
