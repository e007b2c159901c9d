"""Names and their short forms: countries and their codes, initials, acronyms that everybody uses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sidecar.expressions import regex
from sidecar.extract.vocabulary import TOOL_CLASS

_COUNTRIES = """
ar argentina argentinian|argentine; at austria austrian; au australia australian|aussie; be belgium belgian
bg bulgaria bulgarian; br brazil brazilian; ca canada canadian; ch switzerland swiss; cl chile chilean
cn china chinese; co colombia colombian; cz czechia czech; de germany german|deutschland|deutsch; dk denmark danish
ee estonia estonian; eg egypt egyptian; es spain spanish; fi finland finnish; fr france french
gb|uk united+kingdom|britain|great+britain british|uk; gr greece greek; hk hong+kong hong+kong; hr croatia croatian
hu hungary hungarian
id indonesia indonesian; ie ireland irish; il israel israeli; in india indian
is iceland icelandic
it italy italian; jp japan japanese; ke kenya kenyan; kr korea|south+korea korean; lt lithuania lithuanian
lu luxembourg luxembourgish; lv latvia latvian; mx mexico mexican; my malaysia malaysian; ng nigeria nigerian
nl netherlands|holland dutch; no norway norwegian; nz new+zealand kiwi; pe peru peruvian; ph philippines filipino
pl poland polish; pt portugal portuguese; ro romania romanian; rs serbia serbian; ru russia russian
sa saudi+arabia saudi; se sweden swedish; sg singapore singaporean; si slovenia slovenian; sk slovakia slovak
th thailand thai; tr turkey|türkiye turkish; tw taiwan taiwanese; ua ukraine ukrainian
us|usa united+states|america american; vn vietnam vietnamese; za south+africa south+african
eu european+union european
"""
_LISTED = [
    tuple(tuple(name.replace("+", " ") for name in names.split("|")) for names in entry.split())
    for entry in re.split(r"[;\n]", _COUNTRIES)
    if entry.strip()
]
_BY_CODE = {code: names for codes, *names in _LISTED for code in codes}
_BY_NAME = {name: (codes, *names) for codes, *names in _LISTED for group in names for name in group}
_WORDS_AS_CODES = frozenset("at be co id in is it my no us so to me am de la es se si sa".split())
"""Codes that are words: in small letters they are countries only in a row with another one ("de + fr")."""
_CODE = regex(r"(?<![\w.@/-])([A-Za-z]{2,3})(?![\w@]|[./-]\w)")
_BESIDE = regex(r"\s*(?:[+/,&]|\bn\b|\band\b|\bund\b|\bor\b)\s*([A-Za-z]{2,3})(?![\w@]|[./-]\w)", re.IGNORECASE)
_COUNTRY = regex(rf"\b({'|'.join(sorted(map(re.escape, _BY_NAME), key=len, reverse=True))})s?\b", re.IGNORECASE)

GENERAL_ACRONYMS = frozenset(
    "aaa abi acl adc adr aes aoi api apr asap ats auc b2b b2c bdd bi bios ble bom bpm bsp cac can capa capex cbc cdc "
    "cdn ceo cfl cfo cgi cio clv cmo cms cnc cnn coo cors cpc cpi cpm cpt crm crs csat csp csr csrf csv cto ctr cve "
    "dac dag dao dau dba ddd ddl ddos dhcp dlq dma dml dmz dnd doi dom dora dpa dpi dpo dps dr drm dry dsl dsp dst "
    "dto dvt eda eeprom emi emr eod eof eol eom erd erp esd eta etl fao faq fcp fdd fft fifo fir fk fmea foss fov "
    "fpga fps fqdn ftp fud fyi gan gc gdpr gmv gnss gpio gps gpt grc hdd hdr hil hipaa hmac hmi hr hsm hsts html i18n "
    "i2c iac iam icp idp iir imu iops iot ipc ipo ips irq isbn iso isp itil jit jwt kpi kyb kyc l10n lan lcd lcp led "
    "lfs lidar lifo los lru lstm ltr lts ltv lut mae map mape mau mfa mitm ml mlp mmu mom moq mos mps mrr msrp "
    "mtbf mttr mtu mvc mvp mvvm nas nat nda nfc nfr nic nlp nps ntp oauth obd ocr odd oem okr olap oltp oom oop "
    "opex ota otp p2p paas pca pcb pci pdu pid pii pki plc plm pmf poc poe pos ppm pr prd psu pto pwa pwm qa qoe qoq "
    "qos qps r2 raci rag raid rbac rca rdbms rest rf rfc rfi rfid rfp rgb rgba rl rma rms rmse rnn roas roc roi rpc "
    "rpm rpo rps rss rtc rtl rto rtt saas sam sbom sca scada scd sdlc sem seo ses sft sgd sha sil sip sku sla sli slo "
    "slr smb sme smtp snr soa soap soc soh sop sow spa spi spl sre ssd ssg ssid sso ssr svm swot tam tba tbd tco tdd "
    "tfa tls tos totp tpm tps tpu trl ttfb tti ttl tts uart uat udp uid uml urn usp utm uuid uv ux vad vat vfs vip "
    "vlan voip vpn vps vr waf wan wau wbs wcag wip wlan wms www xhr xlsx xss yagni ymyl yoy".split()
)
"""Acronyms of the trade, which a retelling uses where the source spells them out or means them."""

_PRODUCTS = frozenset("aws gcp ibm sap amd arm hp hpe bmw dhl ups fedex tnt nasa esa jvm esp stm tpm rhel mui".split())
"""Capitals that name a product or a company: never general, however often they are used."""

_SMALL_WORDS = frozenset("a an the of to for in on and or at by with per from as is be our my their its".split())
_LONGEST = 6
_WORD = regex(r"[^\W\d_]+")
_TYPO_LENGTH = 5


def countries(text: str) -> frozenset[str]:
    """Every word of the names, adjectives and codes of the countries that a text names in any of these ways."""
    found: set[str] = set()
    for match in _COUNTRY.finditer(text):
        found |= _all_words(_BY_NAME[match.group(1).lower()])
    for match in _CODE.finditer(text):
        code = match.group(1).lower()
        if code in _BY_CODE and (code not in _WORDS_AS_CODES or _meant_as_code(match)):
            found |= _all_words(((code,), *_BY_CODE[code]))
    return frozenset(found)


def _meant_as_code(match: re.Match[str]) -> bool:
    text, code = match.string, match.group(1)
    if code.isupper():
        return True
    following = _BESIDE.match(text, match.end())
    before = re.search(r"([A-Za-z]{2,3})\s*(?:[+/,&]|\bn\b|\band\b)\s*$", text[: match.start()])
    return any(other is not None and other.group(1).lower() in _BY_CODE for other in (following, before))


def _all_words(names: Sequence[Sequence[str]]) -> set[str]:
    return {word for group in names for name in group for word in name.split()}


def is_general(acronym: str) -> bool:
    """Whether capitals are vocabulary of the trade, not the name of a tool, a product or a company."""
    plain, named = acronym.casefold().rstrip("s"), _PRODUCTS | TOOL_CLASS.keys()
    return plain in GENERAL_ACRONYMS and plain not in named and acronym.casefold() not in named


def acronyms(text: str) -> frozenset[str]:
    """The words of a source that can stand for several: in capitals, without a vowel, or known."""
    found = set()
    for word in _WORD.findall(text):
        plain = word.casefold()
        shouted = len(word) > 1 and word.isupper()
        if shouted or plain in GENERAL_ACRONYMS or (2 <= len(plain) <= _LONGEST and not re.search("[aeiouy]", plain)):
            found.add(plain)
    return frozenset(found)


def general_acronyms(text: str) -> frozenset[str]:
    """The acronyms of the trade that a text uses."""
    return (
        frozenset(word.casefold() for word in _WORD.findall(text) if word.isupper() or len(word) > 2) & GENERAL_ACRONYMS
    )


def initials(text: str) -> frozenset[str]:
    """What the beginnings of up to six neighbouring words spell, with and without the small words among them."""
    found: set[str] = set()
    words = _WORD.findall(text)
    for kept in (words, [word for word in words if word.lower() not in _SMALL_WORDS]):
        found |= set(_spelled(kept))
    return frozenset(found)


def _spelled(words: Sequence[str]) -> Iterable[str]:
    for start in range(len(words)):
        for length in range(2, min(_LONGEST, len(words) - start) + 1):
            part = words[start : start + length]
            if length > 2 or all(word[:1].isupper() for word in part):
                yield "".join(word[0] for word in part).casefold()


def initials_with(word: str, text: str) -> frozenset[str]:
    """Those initials of a text in which a word takes part."""
    words = _WORD.findall(text)
    found: set[str] = set()
    for kept in (words, [one for one in words if one.lower() not in _SMALL_WORDS]):
        for at, one in enumerate(kept):
            if one == word:
                near = kept[max(at - _LONGEST + 1, 0) : at + _LONGEST]
                here = min(at, _LONGEST - 1)
                for start in range(here + 1):
                    for end in range(here + 1, min(start + _LONGEST, len(near)) + 1):
                        part = near[start:end]
                        if len(part) > 2 or (len(part) == 2 and all(one[:1].isupper() for one in part)):
                            found.add("".join(one[0] for one in part).casefold())
    return frozenset(found)


def misspelled(name: str, words: Iterable[str]) -> bool:
    """Whether a source writes the name of a known tool with one letter too many, too few, other or in another place."""
    if len(name) < _TYPO_LENGTH or name not in TOOL_CLASS:
        return False
    return any(
        len(word) >= _TYPO_LENGTH and word[0] == name[0] and word not in TOOL_CLASS and _one_apart(name, word)
        for word in words
    )


def _one_apart(one: str, other: str) -> bool:
    if abs(len(one) - len(other)) > 1 or one == other:
        return one == other
    head = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    rest, other_rest = one[head:], other[head:]
    swapped = rest[:2] == other_rest[:2][::-1] and rest[2:] == other_rest[2:]
    return swapped or rest[1:] == other_rest[1:] or rest[1:] == other_rest or rest == other_rest[1:]
