"""Passwords told in a sentence, in English and with the words that other languages use for a password.

`the password is hunter2` · `pw: x7!kk` · `login admin / s3cret` · `use s3cret-9 as the password` · `PIN 4711`

A plain word is taken for a password only where English says so in full (`the password is swordfish`) and the word does
not describe (`the password is wrong`); everywhere else the value must look like one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sidecar.expressions import regex
from sidecar.redact import values
from sidecar.redact.findings import Finding

# What a secret is called.  `plain`: English words for a password; `loose`: what needs a value that looks secret.
_NOUN = regex(
    r"""(?x)
      (?P<foreign> mdp | kennwort
        | passwort | geheimzahl | mot[ ]de[ ]passe | code[ ]secret | contrase[ñn]a | clave | senha
        | wachtwoord | parola(?:[ ]d['’]ordine)? | heslo | has[lł]o | l[öo]senord(?:et)? | adgangskoden?
        | passord(?:et)?
        | salasana | jelsz[óo]a? | [sş]ifre(?:si|m)? | парол[ьяю] | 密[码碼] | 口令 | パスワード | 暗証番号 | 비밀번호
        | 암호
        | पासवर्ड | পাসওয়ার্ড
        | κωδικός | ה?סיסמה | סיסמא | كلمة[ ](?:المرور|السر) | mật[ ]khẩu | kata[ ]sandi(?:nya)? | รหัสผ่าน )
    | (?P<plain> pass(?:word|wd|code|[ ]?phrase)s? | (?:seed|recovery|secret)[ ]phrase | mnemonic
    | psk | pw | pwd | pword
        | (?:wi-?fi|wlan|wireless|network|guest)[ ](?:key|code) )
    | (?P<pin> pins? | pin[ -]?codes? | otp
        | (?:door|alarm|unlock|entry|gate|security|verification|access|lock|2fa|mfa|lockbox|safe)[ -]?(?:codes?
        |combination) )
    | (?P<user> pass\b )
    | (?P<loose> (?:\w+[ -])?(?:tokens?|secrets?|credentials?|creds|cookie|jwt|salt|bearer) | (?:[\w-]+[ ])?key
        | connection[ ]string | (?:recovery|backup)[ ]codes? )
    """
)
# Keys that open nothing.
_NO_KEY = frozenset(
    """public pub primary foreign cache sort partition topic object dict map json lookup unique composite index row
    react
    config translation host hot arrow enter shift escape delete return any each group candidate natural""".split()
)
_CLOSE = regex(r"[\"'`*_)\]]{0,3}")
_PREPOSITION = (
    r"[ ](?:for|of|to|on|in|at|from|there|here|as|für|fürs|vom|von|zum|pour|du|de|del|da|do|della|voor|van|för|til"
    r"|dla|pro|para|k|ke|od|ze|na|u|v|до|від|для|от|к|на|у|в|از|لـ|al|dei|dos|das|des|d['’])"
)
_OBJECT = r"(?:[ ](?:[^\s.;:!?,=\"'`]|[.:@](?=\w)){1,40})"
# `pw (staging)`, `password again`
_ASIDE = regex(
    r"(?:[ ]\([^()\n]{1,40}\))?(?:[ ](?:itself|again|now|here|btw"
    r"|(?:that[ ])?(?:we|i|you|they)[ ](?:all[ ])?[a-z]{2,12}(?:[ ](?:is|for|on|to|there|here|now))??))?"
)
# `password for the loader user` before its link; found only if the link follows.
_ABOUT = regex(
    _PREPOSITION
    + _OBJECT
    + r"{1,7}?(?=[ ](?:is|ist|est|es|é|è|är|er|to|jest|je|lautet|was|remains)[ ]|[ ]?(?:[:=]|->|→)[ ]?|[ ][—–][ ])"
)
_LINK = regex(
    r"""(?x) [ \t]{0,3} (?:
      (?P<strong> (?:[ ]|(?<=[ ]))
        (?:(?:is|was|has[ ]been|got|gets|will[ ]be|should[ ]be|must[ ]be|would[ ]be)[ ](?:now[ ])?(?:set|changed|reset
        |rotated|updated)[ ]to
          |set[ ]to|changed[ ]to|reset[ ]to|(?:has[ ]been|will[ ]be|should[ ]be|must[ ]be|would[ ]be|is|are|was|were)
          |este|είναι|là|adalah|ialah|היא|הוא|है|هي|هو|bude
          |ist|lautet|lauten|war|est|era|es|é|è|är|er|to|jest|je|on|reads|equals|became|becomes|stays|remains)
        (?:[ ](?:now|still|just|simply|currently|literally|always|again|called|jetzt|immer[ ]noch|noch|einfach
        |actually))?
        (?:[ ]?:)? (?=[\s"'`«„“*]) )
    | (?P<loose> ['’]s[ ](?:now[ ])?(?=\S) | [?.,;]?[ ](?:it['’]?s|it[ ]is|that['’]?s|that[ ]is)[ ](?:now[ ])? )
    | (?P<colon> (?:[ ](?:is|are))?[ ]?(?: : | := | = | -> | → | => | — | – | ： ) (?!=) )
    | (?P<tab> \t (?=[^\s(]) )
    | (?P<cjk> は | 是 | 為 | 为 | 는 | 은 | 이 | คือ )
    ) \s{0,3}"""
)
_QUOTED = regex(
    r"(?P<q>\\?[\"'`]{1,2})(?P<a>[^\"'`\n]{2,200}?)(?P=q)"
    r"|[«„“‚‘「](?P<b>[^«»„“”‘’」\n]{2,200})[»“”‘’」]|\*\*(?P<c>[^*\n]{2,80})\*\*"
)
_TOKEN = regex(r"[^\s\"`«»„“”<>]{2,512}")
_CJK_TOKEN = regex(r"[!-~]{4,200}")
_CLAUSE = regex(r"[^\n.,;:!?()\"'`]{2,240}")
_CLAUSE_END = regex(
    r"[.,;:!?)]{0,3}(?:$|\n|\\n|[ \t]{2,}|[ ]?[-–—(][ -]?|(?<=[.,;:!?)])\s"
    r"|[ ](?:and|but|so|for|on|please|pls|if|btw|ok|thanks|thx)\b)"
)
_USER = regex(
    r"(?i)\b(?:user(?:name)?|login|log in|log-in|signin|e-?mail|account|benutzer|acct|usr|ssid|wi-?fi)\b[^\n]{0,60}$"
)
_LOGIN = regex(
    r"""(?xi) (?:login|log[ ]in|logon|sign[ ]in|credentials?|creds|logged[ ]in)
      (?:[ ](?:for|to|on|at)(?:[ ][^\s:/,]{1,40}){1,3}?)? (?:[ ](?:is|are|with|as|using))? [ ]?[:=]?[ ]{1,3}
      [\"'`]? (?P<user>[\w.@+-]{2,64}) [\"'`]?
      (?: (?P<wide>[ ][/|][ ]) | [/|] | :[ ]? | [ ](?:with|and|mit|und)[ ] | ,[ ] )
      [\"'`]? (?P<value>[^\s\"'`]{3,200})"""
)
_COMPOUNDED = frozenset("passwort kennwort wachtwoord lösenord lösenordet passord passordet salasana".split())
_LABELLED_DIGEST = regex(r"[A-Za-z][\w./]*(?:[-_:][\w./]+){0,6}?[-_:](?:[0-9a-f]{40}|[0-9a-f]{64})")
"""The key of a cache: words, and the digest of what was there before."""
_CODES = regex(r"(?:[\s,]{1,4}[A-Za-z0-9]{3,12}(?:-[A-Za-z0-9]{3,12}){1,5})+")
_NO_USER = frozenset(
    "page form screen button flow url endpoint name attempt view route shell test logout signup register".split()
)
_BEFORE_LIMIT = 260
_BEFORE_LINKS = frozenset("is are as was for = ist als est".split())
_BEFORE_WORDS = 4
"""At most so many words stand between a secret and its noun: `hunter2 is the root password`."""
_GAP = regex(r"[ \t]{1,3}(?:\([ ]?)?")
_NUMBERED_WORD = regex(r"[A-Za-z_.-]+\d{0,2}:?|\S*[:/]\S*[a-z]+\.\w+\S*|[\w.-]+=\S*")
_OWN_PIN = regex(r"(?i)\b(?:the|my|our|sim|card|door|phone|bank) \Z")


def beside(text: str, lower: str, start: int, hit: int) -> Iterator[Finding]:
    """Secrets told before or after the word at `text[hit:]`, whose whole name begins at `start`."""
    noun = _noun(lower, start, hit)
    if not noun:
        return
    family = noun.lastgroup or "loose"
    for place in (_told_after(text, lower, noun, family), _told_before(text, noun, family)):
        if place:
            yield Finding(_kind(noun.group(), family), *place)


def login(text: str, lower: str, hit: int) -> Finding | None:
    """`login admin / s3cret`, `creds: admin:s3cret`, `log in as bob with hunter2`."""
    match = _LOGIN.match(text, hit) if lower.startswith(("log", "cred", "sign"), hit) else None
    if not match or match.group("user").lower() in _NO_USER or values.describes(match.group("user")):
        return None
    value = _stripped(match.group("value"))
    stop = match.start("value") + len(value)
    if values.is_placeholder(value) or _ordinary(value):
        return None
    word = (
        values.is_word(value) and match.group("wide") and not values.describes(value) and value.lower() not in _NO_USER
    )
    if values.looks_chosen(value) or (word and _CLAUSE_END.match(text, stop)):
        return Finding("password", match.start("value"), stop)
    return None


def _kind(noun: str, family: str) -> str:
    if family != "loose":
        return "password"
    return next((word for word in ("token", "key", "cookie") if word in noun), "secret")


def _noun(lower: str, start: int, hit: int) -> re.Match[str] | None:
    """The noun at a hit; the reading that begins a word earlier comes first (`wifi key`)."""
    floor = max(0, start - 24)
    space = lower.rfind(" ", floor, max(floor, start - 1))
    earlier = max(space, lower.rfind("\n", floor, start)) + 1 if lower[start - 1 : start] == " " else start
    for position in dict.fromkeys((earlier, start, hit)):
        match = _NOUN.match(lower, position)
        if match and not _begins(lower, position, match):
            continue
        if match and match.end() > hit and not _continues(lower, match.end()):
            return None if match.group().split(" ")[0] in _NO_KEY else match
    return None


def _begins(lower: str, position: int, noun: re.Match[str]) -> bool:
    """Whether a noun begins here: not inside of a word, a name or a flag; `WLAN-Passwort` and `Rootpasswort` count."""
    before = lower[position - 1 : position]
    if before == "-":
        return lower[max(0, position - 2) : position - 1].isalnum() and noun.lastgroup in ("plain", "foreign")
    if before.isalpha():
        return noun.group() in _COMPOUNDED or _unspaced(noun.group()[0])
    return not (before.isalnum() or before in tuple("_./$\\"))


def _unspaced(character: str) -> bool:
    """Whether words of its script have no space between them: Thai and Lao, Chinese, Japanese, Korean."""
    return character > "\u2e80" or "\u0e00" < character < "\u0f00"


def _all_codes(text: str, noun: re.Match[str], found: tuple[int, int]) -> tuple[int, int]:
    """Of a list of recovery codes, all of them."""
    more = _CODES.match(text, found[1]) if "codes" in noun.group() else None
    return (found[0], more.end()) if more else found


def _continues(lower: str, end: int) -> bool:
    """Whether the word goes on: `password_hash`, `token-based`, `key.pem`, `tokens()`; scripts without spaces aside."""
    if _unspaced(lower[end - 1 : end]):
        return False
    follow = lower[end : end + 2]
    return follow[:1].isalnum() or follow[:1] in ("_", "(") or (follow[:1] in ("-", ".", "/") and follow[1:].isalnum())


def _told_after(text: str, lower: str, noun: re.Match[str], family: str) -> tuple[int, int] | None:
    position = _skip(_CLOSE, lower, noun.end())
    verb = family == "user"
    if verb:
        family = "plain" if _user_before(text, noun.start()) else "bare"
    linked = False
    for at in _link_places(lower, noun.end(), position):
        link = _LINK.match(lower, at)
        if link and verb and link.group().strip() == "on":
            continue
        linked = linked or link is not None
        found = _linked(text, link, family, noun.start()) if link else None
        if found:
            return _all_codes(text, noun, found)
    return None if linked else _adjacent(text, noun, position, family)


def _user_before(text: str, start: int) -> bool:
    """Whether a user name was told just before the noun that begins at `start`."""
    return bool(_USER.search(text, max(0, start - 80), start))


def _link_places(lower: str, end: int, position: int) -> Iterator[int]:
    """Where a link may stand: behind the noun, its closing quotes, an aside, what it is for; each once."""
    yield end
    if position != end:
        yield position
    if not lower.startswith(" ", position):  # as both of the others begin
        return
    seen = (end, position, _skip(_ASIDE, lower, position))
    if seen[2] not in seen[:2]:
        yield seen[2]
    about = _skip(_ABOUT, lower, position)
    if about not in seen:
        yield about


def _skip(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position


def _linked(text: str, link: re.Match[str], family: str, noun: int) -> tuple[int, int] | None:
    """The value behind `is`, `:` and the like; `noun`: where the noun begins."""
    position = link.end()
    quoted = _QUOTED.match(text, position)
    if quoted:
        span = _quoted_span(quoted)
        return span if _quoted_secret(text[slice(*span)], family) else None
    token = (_CJK_TOKEN if link.group("cjk") else _TOKEN).match(text, position)
    value = _stripped(token.group()) if token else ""
    stop = position + len(value)
    if not value or values.is_placeholder(value) or values.is_reference(value):
        return None
    if _told(value, family):
        return position, stop
    if family != "plain" or link.group("cjk"):
        return None
    named = len(value) >= 3 and not values.describes(value) and not values.is_number(value)
    if named and _user_before(text, noun):
        return position, stop
    return _plain(text, position, stop, value, alone=bool(link.group("strong")))


def _plain(text: str, position: int, stop: int, value: str, *, alone: bool) -> tuple[int, int] | None:
    """Plain words after `the password is`: a passphrase or (`alone`) one word that ends the clause, not describing."""
    clause = _CLAUSE.match(text, position)
    words = re.split(r" (?:and|but|so|please|for) ", clause.group())[0].rstrip() if clause else ""
    enough = alone or (len(words.split()) >= 4 and words.replace(" ", "").isalpha())
    if enough and values.looks_passphrase(words) and not values.describes(words.split()[-1]) and words.islower():
        return position, position + len(words)
    parts = value.split("-")
    if not alone or len(value) < 5 or not all(part.isalpha() and not values.describes(part) for part in parts):
        return None
    return (position, stop) if _CLAUSE_END.match(text, stop) else None


def _told(value: str, family: str) -> bool:
    """Whether an unquoted value looks like what the noun promises."""
    if family == "pin":
        return value.isdigit() and 4 <= len(value) <= 8
    if family == "loose":
        return _machine_made(value)
    if family == "bare":
        return len(value) >= 6 and any(map(str.isdigit, value)) and values.looks_chosen(value) and not _ordinary(value)
    if value.isdigit():
        return len(value) >= 4
    return values.looks_chosen(value) and not _ordinary(value)


def _machine_made(value: str) -> bool:
    if _LABELLED_DIGEST.fullmatch(value):
        return False
    if _ordinary(value) or values.is_number(value) or "|" in value:
        return False
    if values.looks_random(value):
        return True
    return len(value) >= 8 and values.looks_chosen(value) and values.digits_of(value) >= 2


def _ordinary(value: str) -> bool:
    """Code, a path or a word with a number behind it (`sha256`), none of which a person tells as a password."""
    return values.is_code(value) or values.is_reference(value) or values.is_technical(value) or "(" in value


def _adjacent(text: str, noun: re.Match[str], position: int, family: str) -> tuple[int, int] | None:
    """`password hunter2`, `PIN 4711`: no word between, so the value must look secret by itself."""
    gap = _GAP.match(text, position)
    if not gap:
        return None
    quoted = _QUOTED.match(text, gap.end())
    if quoted:
        start, stop = _quoted_span(quoted)
        value = text[start:stop]
        return (start, stop) if _told(value, family) and not (values.is_placeholder(value) or "_" in value) else None
    token = _TOKEN.match(text, gap.end())
    value = _stripped(token.group()) if token else ""
    if len(value) < 4 or values.is_placeholder(value) or not _told(value, family):
        return None
    return (gap.end(), gap.end() + len(value)) if _convincing(value, family, noun, text) else None


def _convincing(value: str, family: str, noun: re.Match[str], text: str) -> bool:
    """Whether a value that merely stands beside the noun is more than a word with a number."""
    if family == "pin":
        return text[noun.start()].isupper() or bool(_OWN_PIN.search(text, max(0, noun.start() - 8), noun.start()))
    if family == "loose":
        return values.looks_random(value)
    if len(value) < 6 or value.isdigit():
        return False
    return (len(value) < 9 and value.islower() and value.isalnum()) or not _NUMBERED_WORD.fullmatch(value)


def _told_before(text: str, noun: re.Match[str], family: str) -> tuple[int, int] | None:
    """`s3cret-9 is the password`, `use s3cret-9 as password`."""
    if family == "pin" or text[noun.start() - 1 : noun.start()] != " ":
        return None
    floor = max(0, noun.start() - _BEFORE_LIMIT)
    line = text.rfind("\n", floor, noun.start()) + 1 or floor
    words = text[line : noun.start()].rsplit(" ", _BEFORE_WORDS + 1)
    for back in range(2, min(_BEFORE_WORDS + 1, len(words))):
        if words[-back].lower() in _BEFORE_LINKS:
            word = words[-back - 1]
            bare = values.trimmed(word.strip("\"'`(")).rstrip("\"'`")
            end = noun.start() - sum(len(later) + 1 for later in words[-back:-1]) - 1
            start = end - len(word) + word.find(bare)
            told = bare and not values.is_placeholder(bare) and _told(bare, family)
            return (start, start + len(bare)) if told and _convincing(bare, "plain", noun, text) else None
    return None


def _quoted_span(match: re.Match[str]) -> tuple[int, int]:
    return next(match.span(name) for name in ("a", "b", "c") if match.group(name) is not None)


def _quoted_secret(value: str, family: str) -> bool:
    if (
        values.is_placeholder(value)
        or values.is_reference(value)
        or values.is_code(value)
        or values.names_a_secret(value)
    ):
        return False
    if " " in value.strip():
        return family in ("plain", "foreign") and values.looks_passphrase(value)
    if family in ("plain", "foreign"):
        return not values.describes(value) or any(map(str.isdigit, value))
    return _told(value, family)


def _stripped(token: str) -> str:
    """Without the punctuation of the sentence and an escaped line end."""
    token = re.split(r"\\[nrt\"]|\\u00", token)[0]
    return values.trimmed(token, sentence=True).rstrip("'*\\")
