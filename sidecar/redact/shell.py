"""Passwords on the command lines of known tools, where no name says that they are secret.

Each row: the tool, and what stands before the secret among its arguments, as the tool's manual page has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sidecar.expressions import regex
from sidecar.redact import values
from sidecar.redact.findings import Finding
from sidecar.redact.sight import Sight, Spellings

_VALUE = r"(?:\"(?P<double>[^\"\n]{1,512})\"|'(?P<single>[^'\n]{1,512})'|(?P<bare>[^\s\"'`;|&<>]{1,512}))"
_PAIR = (
    r"(?:\"[^\"\n:]{0,128}:(?P<double>[^\"\n]{1,512})\"|'[^'\n:]{0,128}:(?P<single>[^'\n]{1,512})'"
    r"|[^\s\"':`;|&<>]{0,128}:(?!//)(?P<bare>[^\s\"'`;|&<>]{1,512}))"
)

_ROWS: tuple[tuple[str, str], ...] = (
    ("mysql mysqldump mysqladmin mariadb mariadb-dump mysqlimport mysqlpump mycli", rf"\s-p(?=\S){_VALUE}"),
    ("sshpass", rf"\s-p\s?{_VALUE}"),
    ("redis-cli valkey-cli", rf"\s(?:-a|--pass)\s+{_VALUE}"),
    ("mongo mongosh mongodump mongorestore mongoexport", rf"\s-p\s?{_VALUE}"),
    ("docker podman helm oras crane skopeo nerdctl buildah", rf"\slogin\b[^\n]{{0,200}}?\s-p\s?{_VALUE}"),
    ("az", rf"\slogin\b[^\n]{{0,200}}?\s-p\s{_VALUE}"),
    ("ldapsearch ldapadd ldapmodify ldapwhoami ldapdelete ldappasswd", rf"\s-w\s?{_VALUE}"),
    ("openssl", rf"\s-(?:pass|passin|passout)\s+(?:pass:)(?:{_VALUE})"),
    ("openssl", rf"\senc\b[^\n]{{0,200}}?\s-(?:k|K)\s+{_VALUE}"),
    ("zip unzip 7z 7za 7zz rar unrar", rf"\s(?:-P\s?|-p(?=\S)){_VALUE}"),
    ("htpasswd", rf"\s-\w*b\w*\s+(?:\S+\s+){{1,2}}?(?:\S+\s+){_VALUE}\s*(?:$|\n)"),
    ("wpa_passphrase", rf"\s+(?:\"[^\"\n]*\"|\S+)\s+{_VALUE}"),
    ("nmcli", rf"\spassword\s+{_VALUE}"),
    ("rclone", rf"\sobscure\s+{_VALUE}"),
    ("mosquitto_pub mosquitto_sub", rf"\s-P\s+{_VALUE}"),
    ("ssh-keygen", rf"\s-[NP]\s?{_VALUE}"),
    ("wandb", r"\slogin\s[^\n]{0,80}?(?P<bare>[0-9A-Za-z_]{32,})"),
    ("bw", rf"\s(?:unlock|login\s+\S+)\s+(?!-){_VALUE}"),
    ("keytool jarsigner", rf"\s-(?:storepass|keypass|srcstorepass|deststorepass)\s+{_VALUE}"),
    ("xfreerdp xfreerdp3 rdesktop", rf"\s(?:/p:|-p\s){_VALUE}"),
    ("sqlplus", r"\s[\w.]+/(?P<bare>[^\s@/]{3,64})@"),
    ("sqlcmd bcp isql tsql", rf"\s-P\s?{_VALUE}"),
    ("gh", rf"\ssecret\s+set\b[^\n]{{0,200}}?\s(?:-b|--body)[\s=]\s?{_VALUE}"),
    ("aws", rf"\sconfigure\s+set\s+\S*(?:secret|token|key)\S*\s+{_VALUE}"),
    ("npm pnpm yarn", rf"\s(?:config\s+)?set\s+\S*(?:_auth|_password|token)\S*[\s=]{_VALUE}"),
    ("git", rf"\sconfig\b[^\n]{{0,100}}?\s\S*(?:token|password|secret)\S*\s+{_VALUE}"),
    ("kubectl oc", r"--from-literal[= ][\"']?[\w.-]+=(?P<bare>[^\s\"']{1,512})"),
    ("vault bao", rf"\s(?:kv\s+(?:put|patch)|write)\s+[^\n]{{0,200}}?\s[\w.-]+={_VALUE}"),
    ("vault bao", rf"\slogin\s+(?!-)(?:\w+=)?{_VALUE}"),
    (
        "heroku railway fly flyctl",
        rf"\s(?:config:set|secrets\s+set|variables\s+--set)\s+[^\n]{{0,200}}?[\w.-]+={_VALUE}",
    ),
    ("smbclient rpcclient net", r"\s-U\s?[\"']?[\w.\\-]+%(?P<bare>[^\s\"']{2,128})"),
    ("mount", r"\bpassword=(?P<bare>[^\s,\"']{2,128})"),
    ("set", rf"\A\s+(?:-\w+\s+)+\w*(?:PASS|PASSWORD|SECRET|TOKEN|KEY|PWD)\w*\s+{_VALUE}"),
    ("setx", rf"\A\s+\w*(?:PASS|PASSWORD|SECRET|TOKEN|KEY|PWD)\w*\s+{_VALUE}"),
)
_USER_ROWS = rf"\s(?:-u|--user|--proxy-user|-U|-a|--auth)[ =]?\s?{_PAIR}"
_USER_TOOLS = "curl http https xh httpie wget restic ab siege hey"
_ECHO = regex(
    r"(?:echo|printf)\s+(?:-\w+\s+)*(?:[\"']%s(?:\\n)?[\"']\s+)?(?:\"(?P<double>[^\"\n]{2,256})\"|'(?P<single>[^'\n]{2,256})'|(?P<bare>[^\s\"'|]{2,256}))"
    r"\s*\|\s*(?:sudo\s+-S|[^\n|]{0,80}--password-stdin|(?:sudo\s+)?(?:chpasswd|passwd)|[^\n|]{0,40}secret\s|[^\n|]{0,60}--with-token)"
)
_SQL = regex(
    r"(?i)(?:identified\s+(?:with\s+\w+\s+)?by|password)\s*=?\s*(?:(?:password\s*)?\(\s*)?(?P<quote>['\"])(?P<bare>[^'\"\n]{3,256})(?P=quote)"
)
_SQL_VERB = regex(r"(?i)\b(?:create|alter|grant|set)\b")


def _by_tool() -> dict[str, list[re.Pattern[str]]]:
    table: dict[str, list[re.Pattern[str]]] = {}
    for tools, pattern in (*_ROWS, (_USER_TOOLS, _USER_ROWS)):
        for tool in tools.split():
            table.setdefault(tool, []).append(regex(pattern))
    return table


_BY_TOOL = _by_tool()
_LINE_LIMIT = 2000
# Without what follows them: that may be any white space, or a bracket.
_PRINTERS = ("echo", "printf")
_SQL_WORDS = ("identified", "password")

NEEDLES = (*(tool.lower() for tool in _BY_TOOL), *_PRINTERS, *_SQL_WORDS)
"""What `find` asks the sight for."""

_SPELLINGS = Spellings(_BY_TOOL)


def find(sight: Sight) -> Iterator[Finding]:
    """Secrets among the arguments of known tools, and in SQL that sets a password."""
    for tool in sight.among(_SPELLINGS):
        yield from _tool(sight, tool, _BY_TOOL[tool])
    for word in _PRINTERS:
        for position in sight.exactly(word):
            match = _ECHO.match(sight.text, position)
            if match:
                yield from _finding(match, 0)
    yield from _sql(sight)


def _tool(sight: Sight, tool: str, patterns: list[re.Pattern[str]]) -> Iterator[Finding]:
    text, reached = sight.text, 0
    for position in sight.exactly(tool):
        start = position + len(tool)
        if position < reached or not _whole(text, position, start):
            continue
        reached = _command_end(text, start)
        rest = text[start:reached]
        for pattern in patterns:
            for found in pattern.finditer(rest):
                yield from _finding(found, start)


def _sql(sight: Sight) -> Iterator[Finding]:
    for word in _SQL_WORDS:
        for position in sight.at(word):
            match = _SQL.match(sight.text, position)
            if match and _in_statement(sight.text, position):
                yield from _finding(match, 0)


def _whole(text: str, start: int, end: int) -> bool:
    """Whether the tool's name is a word of its own: a path may stand before it, an argument must follow."""
    before = text[start - 1 : start]
    return text[end : end + 1].isspace() and not (before.isalnum() or before in ("_", ".", "-"))


def _in_statement(text: str, position: int) -> bool:
    line = text.rfind("\n", 0, position) + 1
    return bool(_SQL_VERB.search(text, max(line, position - 300), position))


def _command_end(text: str, start: int) -> int:
    """The end of the command line that goes on at `start`: a line that ends in a backslash is continued."""
    limit = min(len(text), start + _LINE_LIMIT)
    end = text.find("\n", start, limit)
    while end > 0 and text[end - 1] == "\\":
        end = text.find("\n", end + 1, limit)
    return limit if end < 0 else end


def _finding(match: re.Match[str], offset: int) -> Iterator[Finding]:
    groups = match.groupdict()
    name = next((name for name in ("double", "single", "bare") if groups.get(name) is not None), None)
    if name is None or values.is_placeholder(match.group(name)) or match.group(name).startswith(("$", "-")):
        return
    start, end = match.span(name)
    yield Finding("password", offset + start, offset + end)
