"""The output of a command that prints secrets: every value goes, names, comments and structure stay.

The same is done for a terminal session pasted into a text (`$ cat .env` and what follows), and for what is written into
a secret file (a here-document, `echo ... > .env`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sidecar.expressions import regex
from sidecar.redact import commands, values
from sidecar.redact.findings import Finding
from sidecar.redact.sight import Sight

KIND = "file-secret"

# File viewers and searches put a line number or a file name in front.
_NUMBER = r"(?:[ \t]*\d{1,6}(?:→|\t|[:|-][ ]?|[ ]+\|[ ]?)|[\w./~-]{1,120}:\d{1,6}[:-]|[+-](?=[A-Z_a-z\"' ]))?"
_KEEP = regex(
    _NUMBER
    + r"""[ \t]* (?: $ | \#(?!\!).* | //.* | ;.* | <!--.* | /\*.* | \*[ ].* | \[[\w .:"-]{1,60}\][ ]*$
    | [-=_*~]{3,}.* | [\[\]{}(),;]+$
      | ```.* | </?[\w:-]+[^>]*>$ | <\?.* | \.\.\.$ | -{4,5}[A-Z ]+-{4,5}$ | total[ ]\d+$ | @@.*@@.* | (?:diff|index
      |---|\+\+\+)[ ].*
      | (?:[\w./~-]+:[ ]){1,3}.*(?:[Nn]o[ ]such|[Pp]ermission[ ]denied|not[ ]found|[Ii]s[ ]a[ ]directory|cannot
      |[Cc]an't|command|invalid|unrecognized|failed).*
      | (?:error|warning|fatal|usage|traceback|exit[ ]code|exception|note|hint|info|debug)\b.*
      | [(<]?(?:no[ ]output|no[ ]matches|empty|eof)\b.* | </?(?:system-reminder|error|tool_use_error|stdout|stderr
      |output|file|content|result)\b.* | (?-i:[A-Z][A-Z0-9]*_[A-Z0-9_]+$)
      )""",
    re.IGNORECASE | re.VERBOSE,
)
_NETRC = regex(r"\b(?:password|passwd|account)\s+(\S+)")
_NETRC_LINE = regex(_NUMBER + r"\s*(?:machine|default|login|password|account|macdef)\s")
_ASSIGNED = regex(
    _NUMBER
    + r"(?P<name>[ \t]*(?:export |declare -\w+ |set |setenv |- |\$)?[ \t]*(?P<q>\\?[\"']?)\w[\w.\-/@ ]{0,79}(?P=q))"
    r"[ \t]{0,30}(?:=>|:=|[=:])[ \t]{0,30}(?P<value>\S.*)"
)
_DEFINED = regex(
    r"define\s*\(\s*['\"][^'\"]{1,80}['\"]\s*,\s*['\"](?P<value>[^'\"\n]{1,400})['\"]"
    r"|^\s*\$\w+\s*=\s*['\"](?P<other>[^'\"\n]{1,400})['\"]"
)
_JSON_STRING = regex(r"\\?\"(?P<body>(?:[^\"\\\n]|\\[^\"])*?)\\?\"(?P<colon>\s*:)?")
_JSON_BARE = regex(r":\s*(?P<body>[^\s\"{}\[\],]+)")
_ENVIRONMENT = regex(r"[\"'](?P<name>[A-Za-z_]\w{0,80})=(?P<value>[^\"'\n]{1,4096})[\"']")
_ENVIRONMENT_LINE = regex(r"^\s*(?:Environment=)?[A-Z_][A-Z0-9_]{1,80}[=:]\s*(?P<value>\S.*)$", re.MULTILINE)
_HARMLESS = frozenset(
    "true false null none yes no on off nil undefined v1 secret opaque list production development test staging".split()
)
_STRUCTURE = frozenset(
    "apiversion kind type name namespace creationtimestamp uid resourceversion labels region output format".split()
)
_SECRET_OBJECT = regex(r"\bkind\\?\"?:\s*\\?\"?(?:Secret|List)\b")
"""A Kubernetes object, of which only the data are secret."""
_PROMPT = regex(r"(?m)^(?:[^\n$#%❯➜]{0,60})?(?:\$|❯|➜|PS [^\n>]{0,60}>)[ ]+(?P<command>[^\n]{2,400})$")
_HEREDOC = regex(r"<<-?[ ]?[\\\"']?(?P<end>\w+)[\"']?(?P<rest>[^\n]{0,400})\n")
_WRITTEN = regex(
    r"(?:echo|printf)\s+(?:-\w+\s+)?(?:\"(?P<double>[^\"\n]{2,2000})\"|'(?P<single>[^'\n]{2,2000})'|(?P<bare>[^\n\"'>|]{2,2000}+))"
    r"\s*(?:>{1,2}|\|\s*(?:sudo\s+)?tee(?:\s+-a)?)\s*[\"']?(?P<path>[^\s\"';|&]{1,200})"
)
_NAMED_VALUE = regex(r"^\s*(?:export )?[\w.-]{1,80}\s*[=:]\s*")

_SIGNS = frozenset(("$ ", "❯ ", "➜ ", "ps "))
_SAYERS = frozenset(("echo", "printf"))
NEEDLES = (*_SIGNS, *_SAYERS, "<<")
"""What `find` asks the sight for."""


def find(sight: Sight, command: str | None) -> Iterator[Finding]:
    """Values in the output of `command`, in pasted terminal sessions, and in what is written to secret files."""
    text = sight.text
    if command:
        what = commands.output(command)
        if what is commands.Output.SECRETS:
            yield from _values(text, 0, len(text), command)
        elif what is commands.Output.ENVIRONMENTS:
            yield from _environments(text, 0, len(text))
    yield from _sessions(sight)
    yield from _heredocs(sight)
    yield from _written(sight)


def _values(text: str, start: int, end: int, command: str) -> Iterator[Finding]:
    """The values of every line; a line that repeats the command is not output."""
    own = {line.strip() for line in command.splitlines()}
    structured = bool(_SECRET_OBJECT.search(text, start, end))
    position = start
    while position < end:
        newline = text.find("\n", position, end)
        stop = end if newline < 0 else newline
        line = text[position:stop]
        if line.strip().lstrip("$❯> ") not in own and not _KEEP.match(line):
            yield from _line(text, position, stop, structured)
        position = stop + 1


def _line(text: str, start: int, end: int, structured: bool) -> Iterator[Finding]:
    line = text[start:end]
    if _NETRC_LINE.match(line):
        yield from (_found(start, match, 1) for match in _NETRC.finditer(line))
        return
    defined = _DEFINED.search(line)
    if defined:
        yield _found(start, defined, "value" if defined.group("value") else "other")
        return
    assigned = _ASSIGNED.match(line)
    if assigned and '"' not in assigned.group("name").strip('" \\') and not _many(assigned.group("value")):
        if not structured or assigned.group("name").strip("-\"' \t\\").lower() not in _STRUCTURE:
            yield from _one(start, assigned)
        return
    if '"' in line:
        yield from _json(start, line, structured)
        return
    yield from _rest(start, line, assigned)


def _many(value: str) -> bool:
    """Several JSON members on one line."""
    return '":' in value or value.startswith(("{", "["))


def _one(offset: int, assigned: re.Match[str]) -> Iterator[Finding]:
    begin = assigned.start("value")
    value = assigned.group("value").rstrip(" \t\r,;")
    end = begin + len(value)
    if len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]:
        begin, end, value = begin + 1, end - 1, value[1:-1]
    elif value.startswith('\\"') and value.endswith('\\"'):
        begin, end, value = begin + 2, end - 2, value[2:-2]
    if not _harmless(value):
        yield Finding(KIND, offset + begin, offset + end)


def _harmless(value: str) -> bool:
    """Says nothing: a truth value, an empty string, a reference to another variable, the head of a YAML block."""
    return (
        not value.strip()
        or value.lower() in _HARMLESS
        or values.is_placeholder(value)
        or value in ("|", ">", "|-", ">-", "{", "[")
    )


def _json(offset: int, line: str, structured: bool) -> Iterator[Finding]:
    name = ""
    for match in _JSON_STRING.finditer(line):
        if match.group("colon"):
            name = match.group("body").lower()
            bare = _JSON_BARE.match(line, match.end() - 1)
            if bare and not _harmless(bare.group("body")) and not bare.group("body").startswith("\\"):
                yield _found(offset, bare, "body")
        elif not _harmless(match.group("body")) and not (structured and name in _STRUCTURE):
            yield _found(offset, match, "body")


def _rest(offset: int, line: str, assigned: re.Match[str] | None) -> Iterator[Finding]:
    """A line without a name: all of it, but not the number that a file viewer puts in front, nor a mere name."""
    if assigned or re.fullmatch(r"\s*(?:- )?[\"']?[\w.\- ]{1,80}[\"']?\s*:\s*", line):
        return
    number = re.match(_NUMBER + r"[ \t]*(?:- )?", line)
    begin = number.end() if number else 0
    value = line[begin:].rstrip()
    if not _harmless(value):
        yield Finding(KIND, offset + begin, offset + begin + len(value))


def _found(offset: int, match: re.Match[str], group: int | str) -> Finding:
    return Finding(KIND, offset + match.start(group), offset + match.end(group))


def _environments(text: str, start: int, end: int) -> Iterator[Finding]:
    for pattern in (_ENVIRONMENT, _ENVIRONMENT_LINE):
        for match in pattern.finditer(text, start, end):
            if not _harmless(match.group("value")):
                yield _found(0, match, "value")


def _sessions(sight: Sight) -> Iterator[Finding]:
    """Pasted terminal sessions: the output of a command reaches to the next prompt, an empty line or a code fence."""
    text, prompts = sight.text, list(_prompts(sight))
    for index, prompt in enumerate(prompts):
        what = commands.output(prompt.group("command"))
        if what is commands.Output.ORDINARY:
            continue
        start = min(prompt.end() + 1, len(text))
        end = prompts[index + 1].start() if index + 1 < len(prompts) else len(text)
        stops = [at for sign in ("\n\n", "\n```") if (at := text.find(sign, prompt.end(), end)) >= 0]
        end = min(stops, default=end)
        if what is commands.Output.SECRETS:
            yield from _values(text, start, end, prompt.group("command"))
        else:
            yield from _environments(text, start, end)


def _prompts(sight: Sight) -> Iterator[re.Match[str]]:
    """Lines that begin with a prompt and a command."""
    reached = 0
    for place in sight.any_of(_SIGNS):
        if place >= reached:
            match = _PROMPT.match(sight.text, sight.text.rfind("\n", reached, place) + 1 or reached)
            if match:
                yield match
            newline = sight.text.find("\n", place)
            reached = newline + 1 if newline >= 0 else len(sight.text)


def _heredocs(sight: Sight) -> Iterator[Finding]:
    """`cat > .env <<EOF` and the lines up to `EOF`."""
    text, reached = sight.text, 0
    for position in sight.at("<<"):
        opening = _HEREDOC.match(text, position) if position >= reached else None
        if not opening:
            continue
        before = text[max(text.rfind("\n", 0, position) + 1, position - 400) : position]
        words = re.split(r"[\s\"'<>|]+", before + " " + opening.group("rest"))
        if not any(commands.is_secret_file(word) for word in words if word):
            continue
        closing = re.compile(rf"(?m)^\s*{re.escape(opening.group('end'))}\s*$").search(text, opening.end())
        reached = closing.start() if closing else len(text)
        yield from _values(text, opening.end(), reached, "")


def _written(sight: Sight) -> Iterator[Finding]:
    """`echo "TOKEN=..." >> .env`."""
    text, reached = sight.text, 0
    for position in sight.any_of(_SAYERS):
        match = _WRITTEN.match(text, position) if position >= reached else None
        if not match:
            continue
        reached = match.end()
        if not commands.is_secret_file(match.group("path")):
            continue
        name = next(name for name in ("double", "single", "bare") if match.group(name) is not None)
        value = match.group(name).rstrip()
        named = _NAMED_VALUE.match(value)
        begin, end = match.start(name) + (named.end() if named else 0), match.start(name) + len(value)
        if not _harmless(text[begin:end]):
            yield Finding(KIND, begin, end)
