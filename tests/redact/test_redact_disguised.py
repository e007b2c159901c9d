"""Secrets that are written otherwise than they are read, and lists of codes."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.secretcases.made import Maker
from sidecar.redact import audit, redact
from sidecar.redact.plain import views

M = Maker("disguised")
TOKEN = f"ghp_{M.alnum(36)}"
VALUE = M.alnum(20)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"{TOKEN[:9]}\u200b{TOKEN[9:]}", TOKEN[12:]),
        (f"{TOKEN[:20]}\u00ad{TOKEN[20:]}", TOKEN[22:]),
        (f"pаsswоrd: {VALUE}", VALUE),
        (f"ｐａｓｓｗｏｒｄ：{VALUE}", VALUE),
        (f"x%3Fpassword%3D{VALUE}%26y", VALUE),
        (f'"API_SECRET\\u003d{VALUE}"', VALUE),
        (f"&quot;password&quot;: &quot;{VALUE}&quot;", VALUE),
        (f"&#x70;assword={VALUE}", VALUE),
        (unicodedata.normalize("NFD", "şifre: ") + "Kestane-88", "Kestane-88"),
        (unicodedata.normalize("NFD", "contraseña: ") + "Nuez!93", "Nuez!93"),
        (unicodedata.normalize("NFD", "Lösenordet är ") + "Blabar&44", "Blabar&44"),
        ("数据库密码是Bambus8821x，不要外传", "Bambus8821x"),
    ],
)
def test_what_is_read_is_found(text, secret):
    once = redact(text).text
    assert secret not in once
    assert redact(once).text == once


@pytest.mark.parametrize(
    "text",
    [
        "Recovery codes:\n1. abcd1-efgh2\n2. ijkl3-mnop4\n3. qrst5-uvwxy",
        "Your backup codes: 1234 5678, 2345 6789, 3456 7890",
        "Wiederherstellungscodes: a1b2c3d4 e5f6g7h8 i9j0k1l2",
        "codes de récupération\n- 3f9a-22bc\n- 91de-77aa\n- 04cc-18ef",
    ],
)
def test_all_codes_of_a_list_go(text):
    done = redact(text).text
    codes = [word for word in text.replace(",", " ").split() if any(c.isdigit() for c in word) and len(word) > 3]
    assert codes
    assert not [code for code in codes if code in done]


@pytest.mark.parametrize(
    "text",
    [
        "exit codes: 0 ok, 2 usage, 3 no daemon, 70 a bug",
        "backup codes were last used 2026-01-02 10:00:00, 2026-01-03 11:00:00 and 2026-01-04 12:00:00",
        "We print the recovery codes once and keep their hashes in recovery_codes.",
        "https://x.example/?q=hello%20world%21&page=2",
        "Tom &amp; Jerry &lt;b&gt;3&lt;/b&gt;",
        "Crème brûlée, naïve café",
        "Dockerфайл для сборки",
        "Cache restored from key: Linux-node-" + M.sha(),
    ],
)
def test_the_harmless_stays(text):
    for form in ("NFC", "NFD"):
        assert audit(unicodedata.normalize(form, text)) == []


@given(st.text(alphabet="ab \n=%3D\\u003d&lt;#\u200b\u0301\u0327ｐаs", max_size=200))
def test_a_view_knows_its_places(text):
    for view in views(text):
        assert len(view.text) == len(view.starts) == len(view.ends)
        assert all(0 <= start < end <= len(text) for start, end in zip(view.starts, view.ends, strict=True))
        assert view.starts == sorted(view.starts)
