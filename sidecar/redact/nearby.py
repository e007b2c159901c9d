"""Secrets told near a word for them, whatever the grammar between.

`the password for the NAS, don't type that, oh, it is typing it, <secret>, scratch that` fits no pattern of a sentence.
What stays true of all such ways to tell one: a word for a secret stands in the same sentence or in the one beside it,
and the secret is no word of the language.  So everything near the word that looks like a password (see shapes) is
taken; a token that may as well be a name with a number only where it stands as one that is told: alone between
commas, dashes, quotes or line ends, in a sentence that gives something away.
"""

from __future__ import annotations

import bisect
import functools
import re
from array import array
from collections.abc import Iterator, Sequence

from sidecar.expressions import regex
from sidecar.redact.findings import Finding, lowered
from sidecar.redact.shapes import Shape, shape
from sidecar.redact.sight import Needles, Sight
from sidecar.redact.values import trimmed

_STEMS = tuple(
    """pas psw pw psk secret token cred key log sign kennwort zugang mot contras clave senha
    palavra wachtwoord inlog parola heslo has lösenord losenord adgang passord salasana jelsz şifre sifre
    парол cyfrin""".split()
)
_KEYS = tuple(
    f"{word}{between}key"
    for word in "api access secret license licence encryption signing master admin private".split()
    for between in ("", " ", "-")
)
# `certain`: opens something by itself; `loose`: words that mean much else in talk about programs.
_NOUN = regex(
    r"""(?x)
      (?P<certain> pass[ -]?(?:w?[ou]r[dt]|wd|code|phrase|wort|w[ro]{2}d|key)s? | passwrods? | passowrds? | pas+words?
        | pas+w[aeo]?rds? | pas?swo?r?ds? | pwd | pw | pwrd | pswd | psk
        | (?:log|sign)[ -]?ins?\b | log-?ons? | credentials? | creds?
        | kennwort | kennwörter | passwort | passwörter | zugang(?:sdaten|scodes?)? | mots?[ ]de[ ]passe
        | contrase[ñn]as? | clave
        | senhas? | palavra-?[ ]?(?:passe|chave) | wachtwoord(?:en)? | inloggegevens | parola(?:[ ]d['’]ordine)?
        | heslo | has[łl]o | l[öo]senord(?:et)? | adgangskoden? | passord(?:et)? | salasana | jelsz[óo]
        | [şs]ifre(?:si)? | парол[ьяюе] | cyfrinair
        | (?:api|access|secret|licen[cs]e|encryption|signing|master|admin|private)[ -]?keys? | key-?store
        | key-?phrase )
    | (?P<loose> (?:secrets?|tokens?)(?![ -](?:counts?|limits?|budgets?|usage|costs?|rates?|santa|sauce|level)) )
    """
)
# Words that say that something is told, or that it should not have been.
_GIVING = regex(
    r"""(?xi) \b(?: (?:it|that|this|which|he|she)(?:['’]?s|[ ]is|[ ]was) | its | here(?:['’]?s|[ ](?:is|it|you|goes))?
      | (?:is|are|was)[ ](?:now[ ])?(?:this|now|still|just|called|literally) | namely | use[ds]? | using
      | try | type[ds]?
      | typing | paste[ds]? | pasting | enter | shared? | sent | gave | give | told | tell | say | said
      | spelled | reads
      | (?:set|changed?|reset|rotated?|switch(?:ed)?)[ ](?:it[ ])?to | new[ ]one | i[ ]mean
      | (?:if|in[ ]case)[ ](?:yo)?u
      | scratch[ ]that | forget | ignore | delete | don['’]?t | do[ ]not | never[ ](?:mind|write|store|save|repeat)
      | should(?:[ ]not|n['’]?t) | oops | whoops | damn | silly | sorry | ups | mist | keep[ ]it
      | between[ ]us | for[ ]you
      | mine | remember | note | fyi | psst | hm+ | uh+ | um+ | äh+m* | ehm* | euh+
      | lautet | heißt | hier | voici | c['’]est | aquí | aqui | ecco | dit[ ]is | nicht | pas | niet | ne[ ]pas
      )\b | [:→][ ]"""
)
_LEAD = regex(
    r"""(?xi) (?: \b(?: (?:it|that|this)(?:['’]?s|[ ]is|[ ]was) | its | is | are | was | ist | lautet | est
    | c['’]est | es | é
      | è | ydy | yw | reads | says | equals | here | namely | voici | ecco | hier | use | try | type | enter
      | (?:set|changed?|reset)[ ](?:it[ ])?to
      ) [ ]? (?:(?:still|now|just|like|uh+m?|um+|hm+|er+m?|äh+m?|eh+|euh|so)[ ,]+){0,2} | [:=→] | ->
      | [/|,(–—-] ) \s{0,3} [\"'`*«„“(]{0,3} \Z"""
)
_FOLLOW = regex(r"""[\"'`*»”“)]{0,3}(?:[.,;:!?)…]|\s*(?:$|\n)|\s[/|–—-]\s)""")
# `commit 9f3a...`, `user Ines2`: the word in front says that the token is a name.
_NAMED = regex(
    r"""(?xi) \b(?: commits? | sha\d* | rev(?:ision)? | branch(?:es)? | tags? | versions? | v | tickets?
    | issues? | ids? | uuid
      | session | request | container | images? | models? | build | digest | checksum | hash | fingerprint | hosts?
      | hostname | user | username | account | buckets? | node | server | device | serial | file | folder | module
      | package | class | function | method | table | column | field | variable | endpoint | pod | namespace | at
      | merge | cherry-pick | checkout | revert | named | repo | project | machine | board | job | trace
      | span | order
      ) [ ]? [:=#(\"'`]{0,2} [ ]? [\"'`(]{0,2} \Z"""
)
_GIT = regex(r"(?i)\b(?:commit|sha\d*|hash|digest|checksum|git|rev|merge|rebase|fingerprint|branch|head)\b")
_HEX = regex(r"(?i)[0-9a-f]+")
_TOKEN = regex(r"[^\s\"`'«»„“”‘’<>\[\]{}]{6,512}")
_END = regex(r"(?<!\.)[.!?]+(?<!\.\.)[\"')\]*]{0,3}\s+|\n\s*")
_BEFORE, _AFTER = 1, 2
"""So many sentences beside that of the word are looked at: `So, the token. Don't save it. It is ...`."""
_REACH = 260
"""So far from the word, in characters, a secret is looked for at most."""
_BEFORE_NAME = tuple("_$./\\=([{<-:@")
_BEHIND_NAME = regex(r"[_(=\[{\\@]|[-./:]\w|['\"`]\s{0,2}[:=\],]")
_CODE = regex(r"[{};<>|\\=]|\w\(|::|->|//")
_CODE_MOST = 2
"""A line with more signs of code than these is code, where the names of secrets are names of variables.  Of what only
may be a secret none is allowed."""
_AROUND = 120
_WORD_BEFORE = 24
"""Longer than any of the words that name what follows, with what may stand between."""

_LINE_START = regex(r"(?:\A|\n)[ \t\"'`*>-]{0,10}\Z")
_LINE_END = regex(r"[\"'`*.]{0,3}[ \t]{0,20}(?:\r?\n|$)")

NEEDLES = frozenset((*_STEMS, *_KEYS))
"""What `find` asks the sight for."""


def find(sight: Sight, *, asked: bool = False) -> Iterator[Finding]:
    """Every token that looks like a secret and stands near a word for one.

    `asked`: such a word stood in the message before.
    """
    text = sight.text
    if asked:
        yield from _in_window(text, 0, min(len(text), _REACH), certain=True)
    edges: array[int] | None = None
    spans = {True: array("I"), False: array("I")}
    for noun in _nouns(sight):
        edges = _edges(text) if edges is None else edges
        _join(spans[noun.lastgroup == "certain"], *_window(edges, *noun.span()))
    for certain, held in spans.items():
        for at in range(0, len(held), 2):
            yield from _in_window(text, held[at], held[at + 1], certain=certain)


def _edges(text: str) -> array[int]:
    """Where sentences begin and end."""
    edges = array("I", [0])
    edges.extend(match.end() for match in _END.finditer(text))
    edges.append(len(text))
    return edges


def asks(text: str) -> bool:
    """Whether a message, at its end, speaks of a secret, so that the next one may tell it."""
    end = text[-_REACH:]
    return any(noun.group("certain") for noun in _nouns(Sight(end, lowered(end), _needles())))


@functools.cache
def _needles() -> Needles:
    return Needles(NEEDLES)


def _nouns(sight: Sight) -> Iterator[re.Match[str]]:
    """Words for secrets that stand for themselves, not in a name, a path or a call."""
    lower, reached = sight.lower, 0
    for hit in sight.any_of(NEEDLES):
        match = _NOUN.match(lower, hit) if hit >= reached else None
        if match and not _in_name(lower, *match.span()):
            reached = match.end()
            yield match


def _in_name(lower: str, start: int, end: int) -> bool:
    before, behind = lower[start - 1 : start], lower[end : end + 1]
    compound = before == "-" and lower[max(0, start - 2) : start - 1].isalpha()
    if behind.isalnum() or _BEHIND_NAME.match(lower, end):
        return True
    return before.isalnum() or (before in _BEFORE_NAME and not compound and before != "(")


def _window(edges: Sequence[int], start: int, end: int) -> tuple[int, int]:
    """The sentence of a word and those beside it, as far as they are near."""
    own = bisect.bisect_right(edges, start) - 1
    first, last = edges[max(0, own - _BEFORE)], edges[min(len(edges) - 1, own + 1 + _AFTER)]
    return max(first, start - _REACH), min(last, end + _REACH)


def _join(spans: array[int], start: int, end: int) -> None:
    """Add a window to those before it, as one with the last if they overlap: every character is looked at once."""
    if spans and start <= spans[-1]:
        spans[-1] = max(spans[-1], end)
    else:
        spans.extend((start, end))


def _in_window(text: str, start: int, end: int, *, certain: bool) -> Iterator[Finding]:
    giving: bool | None = None
    for match in _TOKEN.finditer(text, start, end):
        at, token = _bare(match)
        looks = shape(token)
        strong = looks is Shape.STRONG
        if looks is Shape.HARMLESS or _cut(text, match) or _is_name(text, at, token, _CODE_MOST if strong else 0):
            continue
        if not certain and _HEX.fullmatch(token):
            continue
        if not (strong and certain) and not _stands_told(text, at, at + len(token), strong=strong):
            continue
        if not strong:
            giving = bool(_GIVING.search(text, start, end)) if giving is None else giving
            if not giving:
                continue
        yield Finding("password" if certain else "secret", at, at + len(token))


def _bare(match: re.Match[str]) -> tuple[int, str]:
    """A token without the punctuation of its sentence, and where it begins."""
    token = match.group()
    bare = token.lstrip("(,;:*…-–—")
    return match.start() + len(token) - len(bare), trimmed(bare, sentence=True).rstrip("*…\\?")


def _cut(text: str, match: re.Match[str]) -> bool:
    """Whether the token goes on outside of the window, was left incomplete, or is a part of code."""
    before, behind = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    if match.group().endswith("...") and before in ("'", '"'):
        return True
    return before.isalnum() or behind.isalnum() or before in tuple("<[{") or behind in tuple("[{<")


def _is_name(text: str, start: int, token: str, code: int) -> bool:
    """Whether the words around say that the token names something, or the line has more than `code` signs of code."""
    line = text.rfind("\n", max(0, start - _AROUND), start) + 1 or max(0, start - _AROUND)
    stop = text.find("\n", start, start + _AROUND)
    around = text[line : stop if stop >= 0 else start + _AROUND]
    if len(_CODE.findall(around.replace(token, ""))) > code or _NAMED.search(
        text, max(line, start - _WORD_BEFORE), start
    ):
        return True
    return bool(_HEX.fullmatch(token) and _GIT.search(around))


def _stands_told(text: str, start: int, end: int, *, strong: bool) -> bool:
    """Whether a token is introduced and, unless `strong`, nothing goes on behind it: `it is hunter2.`, `, hunter2,`."""
    introduced = _LEAD.search(text, max(0, start - 40), start)
    return bool(introduced and (strong or _FOLLOW.match(text, end))) or _alone(text, start, end)


def _alone(text: str, start: int, end: int) -> bool:
    """Whether the token is its line."""
    return bool(_LINE_START.search(text, max(0, start - 12), start) and _LINE_END.match(text, end))
