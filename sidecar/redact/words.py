"""One scan for the words that secrets stand beside; what follows each is judged as an assignment and as prose."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sidecar.expressions import regex
from sidecar.redact import assignments, prose
from sidecar.redact.findings import Finding
from sidecar.redact.names import Strength, strength
from sidecar.redact.sight import Sight

# Lower case; a hit is only a place to look at, the whole name or phrase decides.
_ENGLISH = tuple(
    """pass pwd pw mdp secret token cred key auth salt pin dsn psk cookie jwt bearer mnemonic phrase otp code sess
    connection sig= signature nonce pepper login logon signin kennwort contrase clave senha wachtwoord parola heslo
    haslo losenord adgangskode salasana jelsz sifre geheimzahl""".split()
)
_PHRASES = ("log in", "logged in", "sign in", "mot de passe", "kata sandi")
_FOREIGN = tuple(
    """hasło lösenord şifre парол 密码 密碼 パスワード 비밀번호 암호 暗証 口令 κωδικ סיסמ كلمة khẩu รหัสผ่าน
    jelszó contraseña पासवर्ड পাসওয়ার্ড""".split()
)
_NAME_LIMIT = 80
_STRETCH = regex(r"[\w=.-]*")
_CROWD = 16
"""So many words for secrets are looked at in one stretch of letters, digits, `=`, `.` and `-`, and the last one."""
_RIGHT = regex(rf"[\w.-]{{0,{_NAME_LIMIT}}}")

NEEDLES = frozenset((*_ENGLISH, *_PHRASES, *_FOREIGN))
"""What `find` asks the sight for."""


def find(sight: Sight) -> Iterator[Finding]:
    """Secrets that a name or a sentence gives away."""
    text, lower, reached = sight.text, sight.lower, 0
    for hit in _sparse(text, sight.any_of(NEEDLES)):
        if hit < reached or _in_mark(text, hit):
            continue
        start, end = _name_around(text, hit, reached)
        reached = end
        for finding in _beside(text, lower, start, end, hit):
            yield finding
            reached = max(reached, finding.end)


def _sparse(text: str, hits: Iterable[int]) -> Iterator[int]:
    """The hits without most of those in a stretch that is crowded with them: no name and no value is made like that."""
    end = seen = 0
    passed: int | None = None
    for hit in hits:
        if hit >= end:
            if passed is not None:
                yield passed
            end, seen = _stretch_end(text, hit), 0
        seen += 1
        passed = None if seen <= _CROWD else hit
        if passed is None:
            yield hit
    if passed is not None:
        yield passed


def _stretch_end(text: str, start: int) -> int:
    match = _STRETCH.match(text, start)
    return match.end() if match else start


def _in_mark(text: str, position: int) -> bool:
    """Whether the hit is the kind that an earlier mark names."""
    opening = text.rfind("[redacted:", max(0, position - 50), position)
    return opening >= 0 and "]" not in text[opening:position]


def _beside(text: str, lower: str, start: int, end: int, hit: int) -> Iterator[Finding]:
    login = prose.login(text, lower, hit)
    if login:
        yield login
        return
    level = strength(text[start:end])
    if level is not Strength.NONE:
        found = assignments.beside(text, start, end, level)
        if found:
            yield found
            return
    yield from prose.beside(text, lower, start, hit)


def _name_around(text: str, position: int, floor: int) -> tuple[int, int]:
    """The whole name around a hit: letters, digits, `_`, `-`, `.`; without an escaped line end in front of it."""
    start = position
    low = max(floor, position - _NAME_LIMIT)
    while start > low and (text[start - 1].isalnum() or text[start - 1] in "_-."):
        start -= 1
    if start and start < position and text[start - 1] == "\\" and text[start] in "nrt":
        start += 1
    while start < position and text[start] in ".-" and not text.startswith("-", start):
        start += 1
    match = _RIGHT.match(text, position)
    end = match.end() if match else position
    while end > position and text[end - 1] in ".-":
        end -= 1
    return start, end
