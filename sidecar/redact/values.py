"""What a value looks like: a secret, a placeholder, a piece of code, or a word of a sentence."""

from __future__ import annotations

import itertools
import math
import re

from sidecar.expressions import regex
from sidecar.redact.memo import remembered

_PLACEHOLDER = regex(
    r"""(?ix) ^ (?:
      \[redacted\b.* | \[[\w :.-]{1,40}\]? | <[^<>]*>? | &lt;.* | \#\{.* | \{.* | %\(.* | @[A-Z_]+@ | \([\w ,.:'"/-]*\)?
    | \$(?:[A-Za-z_]\w*|[\d@*\#?]|\{.*|\(.*|env:\w+) | %[\w.]+%? | _{2,}\w+_{2,}
    | (?:x|\*|\.|-|_|\#|•|●|·|\?|…|\u2588){3,}.{0,4} | \W* | (.)\1{3,}
    | .*(?:\.\.\.|…|\*{3}|x{5}|•{3}) .*
    | null | none | nil | undefined | true | false | yes | no | on | off | n/?a | tbd | todo | unset | empty | default
    | (?:.*[-_ .])? (?:your|example|placeholder|change-?me|changeit|replace-?me|dummy|redacted|insert|todo|fixme
    |omitted|
        goes-here|masked|hidden|removed|sanitized|scrubbed|filtered|here) (?:[-_ .].*)?
    | (?:test|fake|mock|sample|some|my|the|new|old|user|foo|db)? [-_. ]? (?:api|access|auth|secret|session|bot)? [-_. ]?
        (?:passwords?|passwd|pass|pwd|pw|tokens?|secrets?|keys?|values?|credentials?|creds|strings?|passphrase)
    ) $"""
)
_JUDGED = 128
"""Of a longer value the beginning and the end decide whether it is a placeholder, the beginning alone whether it is
random."""
_ENV_NAME = regex(r"^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$")
_CODE = regex(
    r"""(?x) ^ (?:
      [A-Za-z_$][\w$]* (?:(?:\.|->|::|\?\.)[A-Za-z_$][\w$]*)* \s? [(\[{] .*        # call(), index[], Type{}
    | (?:this|self|cls|process|os|env|config|cfg|settings|args|opts|options|params|req|request|res|response|ctx|data
    |body
        |props|state|input|form|user|event|secrets|vars?|local|module|resource|values|Deno|Bun|import|std)
        (?:\.|->|::|\?\.) .*
    | [a-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*){1,4}                                         # dotted.name
    | (?:await|new|lambda|async|function|typeof|not|if|return|raise|throw|get|let|var|const|import|from|def|class)
    | [A-Z][A-Za-z]+\[.* | Optional.* | [&*@!|=~^<>(){}\[\];,+-].{0,2} | => .* | \\.*
    ) $"""
)
_PATH = regex(
    r"^(?:~|\.{0,2}|[A-Za-z]:|[\w.@-]+)?(?:[/\\][\w.@+ ~{}$*-]+)+/?(?::\d[\d:-]*)?$|^[\w-]+\.(?:ya?ml|json|toml|txt"
    r"|md|py|[jt]sx?|go|rs|env|cfg|conf|ini|pem|sh)$"
)
_URL = regex(r"^[a-z][a-z0-9+.-]*:(?://|\w+:)|^www\.", re.IGNORECASE)
_WORD = regex(r"^[^\W\d_]+(?:['’][a-z]+)?$")
_IDENTIFIER = regex(r"^[A-Za-z_$][A-Za-z_$.-]*$")
_NUMBER = regex(r"^[+-]?\d[\d.,_:%/-]*(?:[a-zA-Z%]{1,3})?$")
_UNIT = regex(r"(?i)^(?:v?\d+(?:\.\d+)*(?:[a-z]{1,8}\d*)?|\d+(?:st|nd|rd|th)|\d{4}-\d\d-\d\d(?:[T_ ].*)?)$")
_SECRET_WORD = regex(r"(?i)pass|secret|token|key|cred|auth|pwd")
_TECHNICAL = regex(
    r"""(?ix) ^ (?: sha-?\d.* | md[245] | argon2.* | bcrypt.* | scrypt.* | pbkdf2.* | base-?\d\d.* | utf-?\d+.*
    | oauth-?\d?.*
    | aes.* | rsa.* | ed25519.* | ecdsa.* | x25519.* | [erph]s(?:256|384|512) | x\.?509.* | http/?\d.* | ipv\d | \dfa
    | mfa
    | u2f | fido2? | tls.* | ssl.* | s3 | ec2 | k8s | i18n | l10n | p\d+ | h\d | oidc.* | saml.* | sso | web\d
    | win32 | x86.*
    | arm64 | amd64 | pkcs.* | ascii\d* | latin-?1 | iso-?\d.* | rfc-?\d.* | cve-.* | hmac.* | v\d.* | id_\w+
    | python\d.*
    | gpt-?\d.* | claude-?\d.* | llama-?\d.* | qwen\d.* | \w+@v?\d[\w.]* ) $"""
)
_HASH = regex(r"(?i)^(?:sha\d+|md5|blake\w+)[-:=]")
_SPECIAL = regex(r"[!@#$%^&*+=?~§€£]")
_RUNS = regex(r"[A-Za-z]+|\d+")
_SPACE = regex(r"\s")


@remembered
def is_placeholder(value: str) -> bool:
    """Stands for a value instead of being one: `<token>`, `${VAR}`, `***`, `changeme`, `null`, our own mark."""
    if len(value) > _JUDGED:
        value = value[: _JUDGED // 2] + value[-_JUDGED // 2 :]
    return bool(_PLACEHOLDER.match(value) or _ENV_NAME.match(value))


@remembered
def is_code(value: str) -> bool:
    """An expression of a programming language: a call, an attribute, a type, an operator."""
    return bool(_CODE.match(value))


@remembered
def is_reference(value: str) -> bool:
    """Says where something lies: a path, a URL, a digest."""
    if _URL.match(value) or _HASH.match(value):
        return True
    return bool(_PATH.match(value)) and not any(looks_random(part) for part in re.split(r"[/\\]", value))


def is_word(value: str) -> bool:
    """A single word of letters, as sentences have them."""
    return bool(_WORD.match(value))


@remembered
def names_a_secret(value: str) -> bool:
    """An identifier made of letters that itself speaks of passwords or keys: `user_password`, `refreshToken`."""
    return bool(_IDENTIFIER.match(value) and _SECRET_WORD.search(value))


def is_number(value: str) -> bool:
    """A number, a size, a version, a date, a clock time."""
    return bool(_NUMBER.match(value) or _UNIT.match(value))


@remembered
def is_technical(value: str) -> bool:
    """A word with digits in it that is the name of an algorithm, a protocol or a version."""
    return bool(_TECHNICAL.match(value))


def entropy(value: str) -> float:
    """Shannon entropy of the characters, in bits for each."""
    counts = (value.count(character) for character in set(value))
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts) if value else 0.0


def digits_of(value: str) -> int:
    """How many of the characters are digits."""
    return sum(map(value.count, "0123456789")) if value.isascii() else sum(map(str.isdigit, value))


def looks_random(value: str, least: int = 16) -> bool:
    """Made by a machine: long, of mixed characters, and not words joined together.  Hexadecimal digests look so too."""
    return len(value) >= least and _mixed(value[:_JUDGED])


@remembered
def _mixed(head: str) -> bool:
    """Whether a text without spaces has letters and digits, or capitals and small letters, in turns."""
    if _SPACE.search(head) or entropy(head) < 2.9:
        return False
    letters, digits = sum(map(str.isalpha, head)), digits_of(head)
    if not letters or letters + digits < 0.6 * len(head):
        return False
    if digits and _switches(head) >= max(2, len(head) // 12):
        return True
    upper = sum(map(str.isupper, head))
    return 0.25 <= upper / letters <= 0.75 and _case_switches(head) >= len(head) // 4


@remembered
def looks_chosen(value: str) -> bool:
    """A password as people make them: letters with digits or special characters in one piece."""
    if not 4 <= len(value) <= 256 or _SPACE.search(value) or is_number(value) or is_technical(value):
        return False
    letter, digit = any(map(str.isalpha, value)), any(map(str.isdigit, value))
    special = bool(_SPECIAL.search(value[:-1]) or (value[-1] in "!$%&*#" and digit))
    return (letter and digit) or (special and (letter or digit)) or looks_random(value)


def _switches(value: str) -> int:
    """How often letters give way to digits, or the other way round."""
    return len(_RUNS.findall(value)) - 1


def _case_switches(value: str) -> int:
    return sum(a.islower() != b.islower() for a, b in itertools.pairwise(value))


_PAIRS = {")": "(", "]": "[", "}": "{", ">": "<"}


def trimmed(value: str, *, sentence: bool = False) -> str:
    """Without what the text around it has put behind the value: separators, closing brackets, the end of a sentence."""
    while value:
        last = value[-1]
        unpaired = last in _PAIRS and value.count(last) > value.count(_PAIRS[last])
        if not (last in ",;" or unpaired or (sentence and last in ".:") or (sentence and value.endswith(("?)", "!)")))):
            break
        value = value[:-1]
    return value


_FUNCTION_WORDS = frozenset(
    """a about after again all already also always am an and any anymore are as at available back be because been
    before being below between both but by can could current currently did different do does done each either else
    empty enter every expired failed field file for from get given good had has have he hashed help her here him his
    how i if in incorrect input instead into invalid is it its just know left less let like long longer made many may me
    might missing more most much must my need needs never new next nice no none not nothing now of off ok old on once
    one only optional or other our out over own password passwords per please prompt ready really required reset right
    same see sent set shall she should show since so some something soon still stored such than that the their them then
    there these they this those through to today together token too true try under unknown until unset up us use used
    user using valid value very was way we well were what when where whether which while who why will with without work
    working works would wrong yes yet you your""".split()
)


@remembered
def looks_passphrase(text: str) -> bool:
    """Three to ten plain words, none of which holds a sentence together: `correct horse battery staple`."""
    parts = text.split()
    if not 3 <= len(parts) <= 26 or len(text) > 240:
        return False
    return all(part.isalnum() and len(part) <= 14 and part.lower() not in _FUNCTION_WORDS for part in parts)


_STATES = frozenset(
    """abc ability absent accepted added admin-only aes allowed anyone anything ascii available bad bcrypt blank boolean
    broken bytes case changed char checked clear compared compromised computed configured correct created crucial
    dead defined deleted deprecated disabled displayed easy enabled encoded encrypted encryption ephemeral exposed
    false fine fixed float found generated gone guessable handled hardcoded hash hashing history ignored immutable
    important incorrect inherit insecure int integer internal invalid it kept known leaked length logged long lost
    mandatory managed masked mismatch mutable needed nonempty nonexistent number object ok okay one-time
    only-read outdated parsed passed persisted plain plaintext present printed private protected provided public random
    read readonly recommended rejected required revoked rotated safe salted saved secret secure sensitive shared short
    simple something somewhere static str string strong supplied temporary text undefined unchanged unique unknown
    unsafe updated useless valid validated varchar visible void weak working write wrong yours unneeded unnecessary
    uint8array buffer any self nothing everything optional type number float64 uuid email username password""".split()
)
_ENDINGS = ("ed", "ing", "ly", "able", "ible", "less", "ful", "ive", "ous", "ory", "ary", "ment", "tion", "ness")


@remembered
def describes(word: str) -> bool:
    """A word that says how or where something is, or of what type: `wrong`, `stored`, `required`, `string`."""
    lower = word.lower().strip("'\"`.!?")
    return lower in _FUNCTION_WORDS or lower in _STATES or lower.endswith(_ENDINGS)
