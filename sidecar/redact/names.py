"""Which names are names of secrets: `DB_PASSWORD` and `stripeApiKey` are, `password_file` and `max_tokens` are not."""

from __future__ import annotations

import enum
import functools

from sidecar.expressions import regex
from sidecar.redact.findings import lowered

_SPLIT = regex(r"[A-Z]+(?![a-z])|[A-Z]?[a-z\u00c0-\uffff]+|[\u0100-\uffff]+|\d+")


class Strength(enum.IntEnum):
    """How much a name alone says about its value; the weaker it is, the more the value itself must look secret."""

    NONE = 0
    FAINT = 1
    WEAK = 2
    STRONG = 3
    PASSWORD = 4
    PIN = 5


_PASSWORD = frozenset(
    """password passwd passphrase passcode passwort kennwort pwd pw pword psk userpw pass contraseña contrasena senha
    wachtwoord parola heslo hasło haslo lösenord losenord adgangskode passord salasana jelszó jelszo şifre sifre пароль
    mdp mnemonic passwrd passwd2 secretword keypass storepass""".split()
)
_STRONG = frozenset(
    """secret apikey apisecret secretkey privatekey privkey clientsecret authtoken accesstoken accesskey
    masterkey""".split()
)
_WEAK = frozenset(
    "token auth salt dsn credential credentials creds cookie jwt bearer otp totp pat nonce pepper sessid".split()
)
_PLURAL = frozenset("passwords tokens secrets keys apikeys passphrases salts cookies".split())
_PIN = frozenset(["pin", "pincode"])
_ENDINGS = {
    "password": Strength.PASSWORD, "passwd": Strength.PASSWORD, "passphrase": Strength.PASSWORD,
    "passwort": Strength.PASSWORD, "apikey": Strength.STRONG, "secretkey": Strength.STRONG,
    "privatekey": Strength.STRONG, "accesskey": Strength.STRONG, "authtoken": Strength.STRONG,
    "accesstoken": Strength.STRONG, "secret": Strength.STRONG, "userpass": Strength.PASSWORD,
    "dbpass": Strength.PASSWORD, "rootpw": Strength.PASSWORD, "authkey": Strength.STRONG,
}  # fmt: skip
_STRONG_KEYS = frozenset(
    """api secret private priv access signing sign encryption encrypt crypto auth master hmac preshared shared jwt
    client
    deploy consumer storage account wifi wlan wpa decryption cipher webhook admin service nonce""".split()
)
_WEAK_KEYS = frozenset(
    """app application license licence session network root server rest write ingest integration bot recovery unlock sas
    subscription function security aes bearer project activation backup openai anthropic stripe gemini google github
    sendgrid mailgun twilio wandb hf groq mistral deepseek openrouter mollie algolia sentry datadog dd cloudflare cf aws
    azure gcp hetzner user account instrumentation maps""".split()
)
_AFTER = frozenset(
    """value val base prod production dev development staging stage test testing live local main plain plaintext raw b
    base64 hash hashed digest old new current previous prev backup default admin root ro rw string confirm confirmation
    again repeat encoded enc env user a c v primary secondary overrides override header text main data""".split()
)
_NOT_BEFORE = frozenset(
    """max min num n input output prompt completion total count per cached reasoning eos bos pad unk sep cls mask
    special
    stop next page continuation cancellation cancel syntax lexer first last prev public pub foreign sort partition
    forgot forgotten reset change has is no show hide toggle validate verify check require requires generate
    cost avg mean design tool id""".split()
)


@functools.lru_cache(maxsize=8192)
def strength(name: str) -> Strength:
    """How secret-like a name is: snake, kebab, camel and dotted names alike; what comes last counts."""
    name = name[-120:]
    # Capitals alone are one word to the next `_`, also where some of them are no ASCII: `ŞİFRE`, `HASŁO`.
    words = [lowered(word) for word in _SPLIT.findall(lowered(name) if name.isupper() else name)]
    while len(words) > 1 and (words[-1] in _AFTER or words[-1].isdigit()) and _worth(words[:-1]):
        words.pop()
    return _worth(words)


def _worth(words: list[str]) -> Strength:
    if not words:
        return Strength.NONE
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if last in ("key", "phrase", "code", "string", "id", "signature", "sig"):
        return _compound(last, before)
    if before in _NOT_BEFORE:
        return Strength.NONE
    return _single(last)


def _single(word: str) -> Strength:
    for words, found in ((_PASSWORD, Strength.PASSWORD), (_STRONG, Strength.STRONG), (_WEAK, Strength.WEAK)):
        if word in words:
            return found
    if word in _PIN:
        return Strength.PIN
    if word in _PLURAL:
        return Strength.FAINT
    return next((found for ending, found in _ENDINGS.items() if word.endswith(ending)), Strength.NONE)


def _compound(last: str, before: str) -> Strength:
    """Names whose last word says little by itself."""
    if last == "key":
        if not before:
            return Strength.FAINT
        if before in _STRONG_KEYS:
            return Strength.STRONG
        return Strength.WEAK if before in _WEAK_KEYS else Strength.NONE
    meant = {
        "phrase": ("seed", "recovery", "pass", "secret", "backup"),
        "code": ("pass", "pin", "recovery", "backup", "unlock", "door", "access", "security", "alarm"),
        "string": ("connection",),
        "id": ("sess",),
        "signature": ("amz", "goog"),
        "sig": (),
    }[last]
    if before in meant:
        return Strength.PASSWORD if last == "phrase" else Strength.WEAK
    return Strength.WEAK if last == "sig" and not before else Strength.NONE
