"""What a token looks like by itself: a password, perhaps one, or one of the harmless shapes that have digits too.

Names with a number behind them (`node3`, `hunter2`) cannot be told apart by their form; they are `LIKELY`, and the
place where they stand must decide.
"""

from __future__ import annotations

import enum

from sidecar.expressions import regex
from sidecar.redact import values
from sidecar.redact.memo import remembered


class Shape(enum.IntEnum):
    """How much a token looks like a secret, whatever stands around it."""

    HARMLESS = 0
    LIKELY = 1
    STRONG = 2


_LEAST = 6
"""A shorter token is rather an abbreviation (`k8s`, `C#9`) than a password."""
_MOST = 256
_EXTENSIONS = "|".join(
    """py js ts jsx tsx mjs cjs go rs rb c h cc cpp hpp cs java kt swift php pl sh bash zsh fish ps1 lua r jl ex exs erl
    hs ml scala clj sql md rst txt tex bib pdf csv tsv json jsonl yaml yml toml ini cfg conf env lock xml html htm css
    scss svg png jpe?g gif webp ico mp[34] wav zip t?gz tar bz2 xz zst 7z deb rpm whl jar war exe dll so dylib a o bin
    img iso dmg pem crt cer key pub p12 pfx jks kdbx age gpg asc sig log db sqlite3? bak old orig tmp patch diff proto
    gguf onnx pt safetensors parquet ipynb tf tfvars service socket timer vue svelte dart gradle map wasm ods xlsx
    docx? pptx? odt""".split()
)
_HARMLESS = regex(
    rf"""(?x) (?:
    # flags, decorators, variables, patterns of file names, code, name=value
      -.* | @[\w./-]+ | \#[\w-]+ | \${{?\w+}}?(?:/.*)? | [%~^*!&][\w./*-]*
    | \w+[=:(\[].*[)\]{{}}] | \w[\w.\[\]]*=.* | .*(?:[(){{}}<>|;\\]|\?\.|\.\*|\*\*).* | [\w.-]+\[.*
    # addresses: URLs and their parts, e-mail, bob@node3, hosts, IP addresses and other groups of hexadecimal digits
    | (?i:[a-z][a-z0-9+.-]{{1,15}}):/{{1,2}}.* | www\..* | .*%(?:[2357][0-9A-F]|[CDE]\d).*
    | [\w.+-]+@(?:[\w-]+\.)+[A-Za-z]{{2,}}(?::.*)? | [\w.-]+@[A-Za-z][A-Za-z-]*\d{{0,3}}(?::.*)?
    | (?:[a-z0-9-]{{0,40}}[a-z][a-z0-9-]{{0,40}}\.)+[a-z]{{2,}}(?::\d+)?(?:/.*)?
    | \d{{1,3}}(?:\.\d{{1,3}}){{3}}(?:[:/]\d+)? | [0-9a-fA-F]{{0,8}}(?::[0-9a-fA-F]{{0,8}}){{2,31}}(?:/\d+)?
    # files and their lines, org/repo#12, HEAD~2
    | (?:[\w.@-]+[/:])*[\w.@+-]+\.(?i:{_EXTENSIONS})(?:[:#]L?\d[\w:,-]*|\#[\w-]+)?
    | [\w.@-]+/[\w./:@-]*\#\d+ | [\w./-]+[~^]\d*
    # versions: numpy==1.26.4, v2.3.0-rc1, python3.11, qwen2.5-coder:7b
    | (?:[\w-]+[@=]{{1,2}})?[v^~]?\d+(?:\.\d+)+[\w.+-]* | [A-Za-z][\w-]*[-_]v?\d+(?:\.\d+)+[\w.+-]*
    | [A-Za-z]+\d*(?:\.\d+)+[\w.:-]* | v\d+(?:alpha|beta|rc|dev|p)\d*
    # numbers, sizes, dates, moments, 1h30m, 22nd
    | [+-]?\d[\d.,:_/x×–-]*(?:[A-Za-z°µ]{{1,5}}(?:/[a-z]{{1,3}})?\d?|%|\+)? | \d[\d.:TZ+-]* | (?:\d+[a-z]{{1,3}}){{1,4}}
    | (?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{{0,6}}[-/.]?\d[\d/.-]* | \d+(?:st|nd|rd|th)
    # identifiers: UUID, ULID, ticket, variable of the environment, short digest, range of commits, ids of agents
    | (?i:[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}) | [0-7][0-9A-HJKMNP-TV-Z]{{25}}
    | [A-Z][A-Z0-9]{{1,9}}-\d{{1,6}} | [A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+ | [A-Z]+\d*
    | (?i:0x[0-9a-f]+|[0-9a-f]{{7,12}}|[0-9a-f]{{7,40}}\.{{2,3}}[0-9a-f]{{7,40}})
    | (?:toolu|call|msg|req|resp|chatcmpl|item|run|evt|fc|rs|thread|asst|file|batch|session|agent)[_-][\w-]+
    # devices, algorithms, keys of a keyboard
    | (?:enp|eno|ens|eth|wlp|wlan|nvme|sd[a-z]|tty|xvd|md|dm)[a-z]{{0,4}}\d\w{{0,8}}
    | (?i:sha|md|aes|utf|base|iso|rfc|cve|x86|x509|arm|amd|pkcs|ecdsa|ed25519|rsa|hmac|bcrypt|argon2)[-_]?\d.*
    | (?i:(?:ctrl|alt|shift|cmd|super)[+-].+)
    )"""
)
_WORD_PART = regex(
    r"[A-Za-z]{1,32}\d{0,4}|[A-Z]{1,4}\d{1,3}[a-z]{0,3}|\d{1,14}[A-Za-z]{0,4}|v\d+|[0-9a-f]{6,12}|[qf]\d+[a-z]?|"
)
_DIVIDE = regex(r"[-_.:/@+,]")
_GROUPS = regex(r"(?=(?:[A-Z-]*\d){3})(?=(?:[\d-]*[A-Z]){3})[A-Z0-9]{4,6}(?:-[A-Z0-9]{4,6}){2,7}")
"""A licence key or a recovery code."""
_ODD_CAPITAL = regex(r"(?:^|[-_.+])(?:[a-z]+[A-Z]\d*|[a-z]{1,2}[A-Z]\d\w*)(?=[-_.+])|(?<=[-_.+])[a-z]+[A-Z]\d*$")
"""A piece with its capital at the end (`pQ2_heliX`), which no joining of words gives."""
_AT_SIGN = regex(r"[\w.-]+@[\w.-]+[!$%&#*]")
_WORDS = regex(
    r"(?=.*-\d\d)(?=(?:.*-)?[A-Z][a-z]{2})(?=(?:.*-)?[a-z]{3})(?:[A-Za-z]+|\d{2,4})(?:-(?:[A-Za-z]+|\d{2,4})){2,7}"
)
"""Words and a number as generators of passphrases join them: `tin-Whistle-47-Oat`."""
_PLACE = regex(r"[:@_.]")
_JOINED = 8
_IN_PATHS = regex(r"[._:-]|[a-z]{5}|^/")
"""What paths have and base64 has hardly."""
_HEX = regex(r"(?i)[0-9a-f]{13,128}")
_SPECIAL = regex(r"[!%#$&*~^?](?!\Z)")
_LETTERS = regex(r"[^\W\d_]+")
_DIGITS = regex(r"\d+")
_CHUNK = regex(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_READABLE = 3.2
"""Names joined from words have parts of so many letters on average (`useState2`); what machines make has fewer."""


@remembered
def shape(token: str) -> Shape:
    """How secret-like `token` is, a word between spaces without the punctuation of the sentence."""
    if not _LEAST <= len(token) <= _MOST or (not token.isascii() and not _LETTERS.search(token)):
        return Shape.HARMLESS
    if values.is_placeholder(token) or values.is_technical(token) or _HARMLESS.fullmatch(token):
        return Shape.HARMLESS
    letters, digits = _LETTERS.findall(token), _DIGITS.findall(token)
    if not letters:
        return Shape.HARMLESS
    if _special(token, bool(digits)):
        return Shape.STRONG
    if digits and (_ODD_CAPITAL.search(token) or _AT_SIGN.fullmatch(token)):
        return Shape.STRONG
    if "/" in token:
        encoded = values.looks_random(token) and not _IN_PATHS.search(token)
        return Shape.STRONG if encoded else Shape.HARMLESS
    if _HEX.fullmatch(token):
        return Shape.STRONG if digits else Shape.HARMLESS
    if _GROUPS.fullmatch(token) or _WORDS.fullmatch(token):
        return Shape.STRONG
    found = max(_of_part(part) for part in _DIVIDE.split(token))
    if found is Shape.HARMLESS and digits and len(token) >= _JOINED and not _PLACE.search(token):
        return Shape.LIKELY
    return found


def _special(token: str, digits: bool) -> bool:
    """Special characters inside that neither code nor addresses have there."""
    found = _SPECIAL.search(token)
    mixed = digits or (token != token.lower() and token != token.upper() and not token.istitle())
    return bool(found) and mixed and "//" not in token and "=" not in token


def _of_part(part: str) -> Shape:
    """One piece of a token without separators."""
    digits = _DIGITS.findall(part)
    if _WORD_PART.fullmatch(part) and not _scrambled(part):
        return Shape.LIKELY if digits and len(part) >= _LEAST and not part[0].isdigit() else Shape.HARMLESS
    if len(part) < 5:
        return Shape.HARMLESS
    letters = _LETTERS.findall(part)
    if len(digits) >= 2:
        joined = sum(map(len, letters)) / max(1, len(letters)) >= 4 and not part.islower()
        return Shape.LIKELY if joined or (part.isupper() and len(part) < 8) else Shape.STRONG
    if _scrambled(part):
        return Shape.STRONG
    return Shape.LIKELY if digits else Shape.HARMLESS


def _scrambled(part: str) -> bool:
    """Capitals and small letters in turns that no joining of words gives."""
    chunks = _CHUNK.findall(part)
    letters = [chunk for chunk in chunks if chunk.isalpha()]
    if len(part) < 8 or part.islower() or part.isupper() or len(letters) < 3:
        return False
    return sum(map(len, letters)) / len(letters) < _READABLE - (0 if len(chunks) > len(letters) else 0.7)
