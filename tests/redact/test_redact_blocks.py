"""Private blocks and private keys."""

import base64

import pytest
from redact_cases import clean

from sidecar.redact import redact

BODY = """\
MHcCAQEEIBq3v1XK0cYw9n5pT7mE2dJx6Lr8sZtQhFuGaWbNoPyVoAoGCCqGSM49
AwEHoUQDQgAE7fQz2mKcVtY1dHs9WpLxRj4uBnGeTaZkXo8qMvCiNy5bPw3rUhSd"""
MARK = "[redacted:private-key]"


def pem(label: str, body: str = BODY) -> str:
    return clean(f"-----BEG¦IN {label}-----\n{body}\n-----END {label}-----")


LABELS = (
    "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY", "OPENSSH PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY", "PGP PRIVATE KEY BLOCK",
)  # fmt: skip


@pytest.mark.parametrize("label", LABELS)
def test_a_complete_key(label):
    assert redact(f"before\n{pem(label)}\nafter").text == f"before\n{MARK}\nafter"


def test_a_key_with_headers():
    body = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123456789ABCDEF\n\n" + BODY
    assert redact(pem("RSA PRIVATE KEY", body)).text == MARK


def test_a_key_that_was_cut_off():
    text = pem("EC PRIVATE KEY").split("-----END")[0]
    assert redact(text + "\n... (output truncated)").text.startswith(MARK)
    assert "AwEHoUQ" not in redact(text + "and then prose goes on").text
    assert redact(text + "\nand then prose goes on").text.endswith("prose goes on")


def test_the_last_lines_of_a_key():
    text = pem("EC PRIVATE KEY").split("-----\n", 1)[1]
    assert redact(text).text == MARK


@pytest.mark.parametrize("escape", ["\\n", "\\\\n", "\\r\\n"])
def test_a_key_in_json(escape):
    text = '{"type": "service_account", "private_key": "' + pem("PRIVATE KEY").replace("\n", escape) + '", "x": 1}'
    result = redact(text).text
    assert "AwEHoUQ" not in result
    assert "MHcCAQ" not in result
    assert result.endswith('", "x": 1}')


def test_a_key_with_line_numbers():
    numbered = "\n".join(f"{number:6}→{line}" for number, line in enumerate(pem("RSA PRIVATE KEY").splitlines(), 1))
    result = redact(numbered).text
    assert "AwEHoUQ" not in result
    assert "MHcCAQ" not in result


def test_a_key_in_base64():
    wrapped = base64.b64encode(pem("EC PRIVATE KEY").encode()).decode()
    assert redact(f"tls.key: {wrapped}").text == f"tls.key: {MARK}"
    public = base64.b64encode(pem("CERTIFICATE").encode()).decode()
    assert redact(f"tls.crt: {public}").text == f"tls.crt: {public}"


def test_a_key_without_its_frame():
    bare = base64.b64encode(b"openssh-key-v1\0" + bytes(range(120))).decode()
    assert redact(f"x {bare} y").text == f"x {MARK} y"


def test_putty_keys():
    text = "PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 1\nAAAAIHUfaM4k2PpfRGkD8Y8oJkVzRZ5mF2c3\nPrivate-MAC: 12"
    assert redact(text).text == text.replace("AAAAIHUfaM4k2PpfRGkD8Y8oJkVzRZ5mF2c3\n", MARK)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a <private>x\ny</private> b", "a [redacted:private] b"),
        ("a <PRIVATE>x</Private> b", "a [redacted:private] b"),
        ('a <private reason="x">y</private> b', "a [redacted:private] b"),
        ("a <private>x to the end\nof all", "a [redacted:private]"),
        ("a <private>x <private>y</private> z</private> b", "a [redacted:private] b"),
        ("<private>x</private>-<private>y</private>", "[redacted:private]-[redacted:private]"),
        ("a &lt;private&gt;x&lt;/private&gt; b", "a [redacted:private] b"),
        ("a \\u003cprivate\\u003ex\\u003c/private\\u003e b", "a [redacted:private] b"),
        ("a </private> b", "a </private> b"),
        ("a <private/> b", "a <private/> b"),
        ("a <privateer> b", "a <privateer> b"),
        ("use `<private>` and `</private>`", "use `<private>` and `</private>`"),
        ("<private>the password is hunter2</private>", "[redacted:private]"),
    ],
)
def test_private_blocks(text, expected):
    result = redact(text)
    assert result.text == expected
    assert redact(result.text).text == expected
