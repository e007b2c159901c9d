"""The languages of a project as its commands and files show them: who runs cargo may say "the Rust version"."""

from __future__ import annotations

from collections.abc import Iterable

from sidecar.expressions import regex
from sidecar.model import Message

_BY_ENDING = {
    "rust": "rs",
    "python": "py pyi ipynb",
    "typescript": "ts tsx mts",
    "javascript": "js jsx mjs cjs",
    "go": "go",
    "java": "java",
    "kotlin": "kt kts",
    "swift": "swift",
    "ruby": "rb gemspec",
    "php": "php",
    "scala": "scala sbt",
    "elixir": "ex exs",
    "haskell": "hs cabal",
    "julia": "jl",
    "dart flutter": "dart",
    "lua": "lua",
    "perl": "pl pm",
    "zig": "zig",
    "terraform": "tf tfvars",
    "latex": "tex bib",
    "sql": "sql",
}
_BY_COMMAND = {
    "rust": "cargo rustc rustup clippy",
    "python": "python python3 pip pytest uv poetry tox ruff mypy",
    "node javascript": "node npm npx pnpm yarn bun",
    "typescript": "tsc tsx",
    "go": "go gofmt",
    "java": "javac mvn gradle gradlew",
    "ruby": "ruby bundle rake rspec gem",
    "php": "php composer phpunit",
    "scala": "sbt",
    "elixir": "mix iex",
    "haskell": "cabal stack ghc",
    "dart flutter": "dart flutter",
    "swift": "swift xcodebuild",
    "docker": "docker",
    "kubernetes": "kubectl helm",
    "terraform": "terraform",
    "latex": "latexmk pdflatex xelatex",
    "git": "git",
}
_ENDINGS = {ending: names for names, endings in _BY_ENDING.items() for ending in endings.split()}
_COMMANDS = {command: names for names, commands in _BY_COMMAND.items() for command in commands.split()}

_FILE = regex(r"\b[\w-]+\.([a-z]{1,8})\b")
_PROGRAM = regex(r"(?:^|[;&|(]\s*|\b(?:sudo|time|env)\s+)(?:\./)?([a-z][\w-]*)")


def languages(messages: Iterable[Message]) -> frozenset[str]:
    """The names of the languages and tools that the commands in a session run, and whose files they touch."""
    found: set[str] = set()
    for message in messages:
        if message.tool is None:
            continue
        command = message.tool.command or ""
        found |= {_ENDINGS[ending] for ending in _FILE.findall(command) if ending in _ENDINGS}
        found |= {_COMMANDS[program] for program in _PROGRAM.findall(command) if program in _COMMANDS}
    return frozenset(found)
