"""Keys and tokens whose form alone gives them away.

A row is (kind, beginnings, pattern).  The sight knows where the beginnings stand; the pattern then says whether a
token goes on there, and its group `secret`, if any, what to redact.  The forms are those that the issuers document
(GitHub "token formats", GitLab "token overview", Slack "token types", Stripe "API keys", AWS "unique identifiers", and
so on for each kind), compared with the default rules of gitleaks (MIT).  Lengths are lower bounds below the documented
ones: a key that was cut short is still a good part of a key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sidecar.expressions import regex
from sidecar.redact import values
from sidecar.redact.findings import Finding
from sidecar.redact.sight import Sight, Spellings

_ROWS: tuple[tuple[str, str, str], ...] = (
    ("aws-key", "AKIA ASIA ABIA ACCA", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    ("aws-key", "ABSK bedrock-api-key-", r"ABSK[A-Za-z0-9+/]{60,}={0,2}|bedrock-api-key-[A-Za-z0-9+/=]{20,}"),
    ("anthropic-key", "sk-ant-", r"sk-ant-[A-Za-z0-9_-]{12,}"),
    ("openrouter-key", "sk-or-", r"sk-or-[A-Za-z0-9_-]{16,}"),
    ("openai-key", "sk-", r"sk-(?:proj|svcacct|admin|None|service)-[A-Za-z0-9_-]{16,}|sk-[A-Za-z0-9]{20,}"),
    ("model-key", "sk-lf- lsv2_", r"sk-lf-[a-f0-9-]{20,}|lsv2_(?:pt|sk)_[a-f0-9]{16,}(?:_[a-f0-9]+)?"),
    ("model-key", "gsk_ xai- pplx- tgp_v1_", r"(?:gsk_|xai-|pplx-)[A-Za-z0-9]{20,}|tgp_v1_[A-Za-z0-9_-]{20,}"),
    ("model-key", "csk- nvapi- jina_ tvly-", r"csk-[a-z0-9]{32,}|(?:nvapi-|jina_|tvly-)[A-Za-z0-9_-]{20,}"),
    ("model-key", "fw_ r8_", r"(?:fw|r8)_[A-Za-z0-9]{20,}"),
    ("huggingface-token", "hf_ api_org_", r"(?:hf|api_org)_[A-Za-z0-9]{20,}"),
    ("wandb-key", "wandb_v", r"wandb_v\d_[A-Za-z0-9_]{32,}"),
    ("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9_]{16,}"),
    ("github-token", "github_pat_", r"github_pat_[A-Za-z0-9_]{20,}"),
    (
        "gitlab-token",
        "glpat- glptt- gldt- glrt- glrtr- glcbt- glft- glsoat- glagent- gloas- glimt- glffct- glwt-",
        r"gl(?:pat|ptt|dt|rt|rtr|cbt|ft|soat|agent|oas|imt|ffct|wt)-[A-Za-z0-9_=.-]{16,}",
    ),
    ("gitlab-token", "GR1348941", r"GR1348941[A-Za-z0-9_-]{16,}"),
    ("slack-token", "xox xapp- xwfp-", r"xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{10,}|(?:xapp|xwfp)-[A-Za-z0-9-]{12,}"),
    (
        "webhook",
        "hooks.slack.com/",
        r"hooks\.slack\.com/(?P<secret>(?:services|workflows|triggers)/[A-Za-z0-9_/-]{20,})",
    ),
    ("webhook", "/api/webhooks/", r"/api/webhooks/(?P<secret>\d{15,22}/[A-Za-z0-9_-]{40,})"),
    ("webhook", ".webhook.office.com/", r"\.webhook\.office\.com/(?P<secret>[A-Za-z0-9_@/-]{60,})"),
    ("stripe-key", "sk_ rk_ pk_", r"(?:sk|rk|pk)_(?:live|test|prod)_[A-Za-z0-9]{10,}"),
    ("payment-key", "live_ test_", r"(?:live|test)_[A-Za-z0-9]{28,}"),
    ("webhook-secret", "whsec_", r"whsec_[A-Za-z0-9+/=_-]{12,}"),
    ("google-key", "AIza ya29. GOCSPX-", r"AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9_-]{20,}|GOCSPX-[A-Za-z0-9_-]{20,}"),
    ("google-key", "1//0 AQ.Ab8", r"1//0[A-Za-z0-9_-]{30,}|AQ\.Ab8[A-Za-z0-9_-]{30,}"),
    ("twilio-key", "SK", r"SK[0-9a-f]{32}(?![0-9A-Za-z])"),
    ("sendgrid-key", "SG.", r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    ("mail-key", "xkeysib-", r"xkeysib-[0-9a-f]{32,}-[A-Za-z0-9]{8,}"),
    ("mail-key", "re_ key-", r"re_[A-Za-z0-9]{8,}_[A-Za-z0-9]{16,}|(?<![_.-])key-[0-9a-f]{32}(?![0-9a-f])"),
    ("npm-token", "npm_", r"npm_[A-Za-z0-9]{24,}"),
    ("pypi-token", "pypi-", r"pypi-[A-Za-z0-9_-]{32,}"),
    ("registry-token", "rubygems_ cio oy2", r"rubygems_[0-9a-f]{40,}|(?:cio[A-Za-z0-9]{32}|oy2[a-z0-9]{43})(?!\w)"),
    ("registry-token", "CLOJARS_ AKCp cmVmd", r"CLOJARS_[a-z0-9]{50,}|AKCp[A-Za-z0-9]{60,}|cmVmd[A-Za-z0-9]{56,}"),
    ("docker-token", "dckr_", r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}"),
    ("discord-token", "mfa.", r"mfa\.[A-Za-z0-9_-]{60,}"),
    ("digitalocean-token", "doo_v1_ dop_v1_ dor_v1_ dot_v1_", r"do[oprt]_v1_[0-9a-f]{32,}"),
    ("fly-token", "fo1_ fm1 fm2_", r"fo1_[A-Za-z0-9_-]{20,}|fm(?:1[ar]?|2)_[A-Za-z0-9+/=_,-]{40,}"),
    ("cloudflare-token", "v1.0- cfut_ cfat_ cfk_", r"v1\.0-[0-9a-f]{16,}-[0-9a-f]{60,}|cf(?:ut|at|k)_[A-Za-z0-9]{30,}"),
    ("vault-token", "hvs. hvb. hvr.", r"hv[sbr]\.[A-Za-z0-9_-]{20,}"),
    ("doppler-token", "dp.", r"dp\.(?:ct|pt|st|sa|scim|audit)\.[A-Za-z0-9._-]{20,}"),
    (
        "1password-token",
        "ops_eyJ A3-",
        r"ops_eyJ[A-Za-z0-9+/=_-]{40,}|A3-[A-Z0-9]{6}-[A-Z0-9]{6,11}(?:-[A-Z0-9]{5}){3,4}",
    ),
    ("atlassian-token", "ATATT3 ATCTT3 ATBB ATSTT3", r"AT(?:ATT3|CTT3|STT3|BB)[A-Za-z0-9_=.+/-]{20,}"),
    ("linear-key", "lin_api_ lin_oauth_", r"lin_(?:api|oauth)_[A-Za-z0-9]{20,}"),
    ("notion-token", "ntn_ secret_", r"(?:ntn|secret)_[A-Za-z0-9]{40,}"),
    ("airtable-token", "pat", r"pat[A-Za-z0-9]{14}\.[0-9a-f]{40,}"),
    ("figma-token", "figd_ figo_ figu_ figor_", r"fig(?:d|o|u|or)_[A-Za-z0-9_-]{20,}"),
    ("postman-key", "PMAK-", r"PMAK-[0-9a-f]{20,}-[0-9a-f]{20,}"),
    ("database-token", "pscale_", r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{20,}"),
    ("database-token", "sbp_ sb_secret_ napi_", r"sbp_[0-9a-f]{32,}|sb_secret_[A-Za-z0-9_-]{16,}|napi_[a-z0-9]{40,}"),
    ("shop-token", "shpat_ shpca_ shppa_ shpss_ shpua_", r"shp(?:at|ca|pa|ss|ua)_[0-9a-fA-F]{32}"),
    ("shop-token", "sq0", r"sq0(?:atp|csp|idp)-[A-Za-z0-9_-]{20,}"),
    ("meta-token", "EAA IGQ", r"(?<![+/=])(?:EAA[A-Za-z0-9]{80,}|IGQ[A-Za-z0-9_-]{80,})(?![+/=])"),
    (
        "monitoring-key",
        "NRAK- NRII- glc_ glsa_",
        r"NR(?:AK|II)-[A-Za-z0-9_-]{20,}|glc_[A-Za-z0-9+/=]{32,}|glsa_[A-Za-z0-9_]{28,}",
    ),
    ("monitoring-key", "sntrys_ sntryu_ phx_ phs_", r"sntry[su]_[A-Za-z0-9+/=_-]{40,}|ph[xs]_[A-Za-z0-9]{32,}"),
    ("monitoring-key", "dt0", r"dt0[a-z]\d{2}\.[A-Z0-9]{24}\.[A-Z0-9]{60,}"),
    (
        "ci-token",
        "CCIPAT_ bkua_ sqp_ squ_ sqa_",
        r"CCIPAT_[A-Za-z0-9]{16,}_[0-9a-f]{40}|bkua_[0-9a-f]{40}|sq[upa]_[0-9a-f]{40}",
    ),
    ("databricks-token", "dapi", r"dapi[0-9a-f]{32}(?:-\d)?"),
    (
        "infra-token",
        "pul- tskey- LTAI",
        r"pul-[0-9a-f]{40}|tskey-[a-z]+-[A-Za-z0-9-]{20,}|LTAI[A-Za-z0-9]{16,20}(?!\w)",
    ),
    ("infra-token", "rnd_ nfp_ HRKU-", r"rnd_[A-Za-z0-9]{24,}|nfp_[A-Za-z0-9]{32,}|HRKU-[A-Za-z0-9_-]{32,}"),
    (
        "matrix-token",
        "syt_ mct_",
        r"syt_[A-Za-z0-9+/=-]{1,200}_[A-Za-z0-9]{6,}_[A-Za-z0-9]{4,}|mct_[A-Za-z0-9]{20,}_[A-Za-z0-9]{6}",
    ),
    (
        "password-hash",
        "$1$ $2a$ $2b$ $2y$ $5$ $6$ $y$ $apr1$ $argon2",
        r"\$(?:2[aby]\$\d\d\$[./A-Za-z0-9]{20,}|[156y]\$(?:[^\s:$]{1,60}\$){1,3}[./A-Za-z0-9]{20,}"
        r"|apr1\$[^\s:$]{1,16}\$[./A-Za-z0-9]{16,}|argon2\w{1,2}\$[^\s:\"']{20,300})",
    ),
    ("jwt", "eyJ eyI", r"ey[JI][A-Za-z0-9_-]{8,2000}+\.[A-Za-z0-9_-]{8,16000}(?:\.[A-Za-z0-9_-]{0,16000}){0,3}"),
)  # fmt: skip

# What has no fixed beginning: (kind, the part that is easy to find, the whole, which lies around that part).
_INNER: tuple[tuple[str, str, str], ...] = (
    ("telegram-token", r":A[A-Za-z0-9_-]{32}", r"\d{8,10}:A[A-Za-z0-9_-]{32,40}(?![A-Za-z0-9_-])"),
    (
        "discord-token",
        r"\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27}",
        r"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}(?![A-Za-z0-9_-])",
    ),
    ("azure-key", r"[78]Q~[A-Za-z0-9_~.-]{30}", r"[A-Za-z0-9_~.]{3}[78]Q~[A-Za-z0-9_~.-]{30,36}"),
    (
        "azure-key",
        r"A(?:PIM|zFu|zSe|CDb)[A-Za-z0-9+/]{4,8}={0,2}(?![A-Za-z0-9+/])",
        r"(?<![+/=])[A-Za-z0-9+/]{30,80}A(?:PIM|zFu|zSe|CDb)[A-Za-z0-9+/]{4,8}={0,2}(?![A-Za-z0-9+/])",
    ),
    ("hashicorp-token", r"\.atlasv1\.", r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{40,}"),
    ("mail-key", r"-us\d", r"[0-9a-f]{32}-us\d{1,2}(?![A-Za-z0-9])"),
)
_AROUND = 90
"""How far before its findable part an inner token can begin."""
_START = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrtbf])|(?<=bot))"
_BY_NEEDLE = {needle: (kind, regex(pattern)) for kind, needles, pattern in _ROWS for needle in needles.split()}
_INNER_TABLE = tuple((kind, regex(probe), regex(_START + pattern)) for kind, probe, pattern in _INNER)
_AWS_SECRET = regex(
    r"(?<![A-Za-z0-9+/])(?=[A-Za-z0-9+/]{0,39}\d)(?=[A-Za-z0-9+/]{0,39}[a-z])(?=[A-Za-z0-9+/]{0,39}[A-Z])"
    r"[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])"
)
_NEAR = 200
"""How far behind an AWS key id its secret, which has no form of its own, is looked for."""

NEEDLES = tuple(needle.lower() for needle in _BY_NEEDLE)
"""What `find` asks the sight for."""

_SPELLINGS = Spellings(_BY_NEEDLE)


def find(sight: Sight) -> Iterator[Finding]:
    """Every key or token that is known by its form."""
    text = sight.text
    for needle in sight.among(_SPELLINGS):
        yield from _prefixed(sight, needle, *_BY_NEEDLE[needle])
    for kind, probe, pattern in _INNER_TABLE:
        for part in probe.finditer(text):
            match = pattern.search(text, max(0, part.start() - _AROUND), part.end() + _AROUND)
            if match and _plausible(match.group()):
                yield Finding(kind, *match.span())


def _prefixed(sight: Sight, needle: str, kind: str, pattern: re.Pattern[str]) -> Iterator[Finding]:
    text, reached = sight.text, 0
    for position in sight.exactly(needle):
        if position < reached or not _starts(text, position, needle):
            continue
        match = pattern.match(text, position)
        if not match:
            continue
        group = "secret" if pattern.groups else 0
        reached = match.end()
        if _plausible(match.group(group)):
            yield Finding(kind, *match.span(group))
            if kind == "aws-key":
                yield from _secret_beside(text, reached)


def _starts(text: str, position: int, needle: str) -> bool:
    """A token does not start inside of a longer word; an escaped line end may stand before it."""
    if not needle[0].isalnum():
        return True
    before = text[position - 1 : position]
    return not (before.isascii() and before.isalnum()) or text[max(0, position - 2) : position - 1] == "\\"


def _plausible(token: str) -> bool:
    """Neither a placeholder of the documentation (`sk-ant-xxxx`) nor an identifier that happens to begin alike."""
    if token.endswith("EXAMPLE") or values.is_placeholder(token) or len(set(token[-16:].lower())) < 5:
        return False
    return any(c.isdigit() for c in token[3:]) or (token != token.lower() and len(token) > 30)


def _secret_beside(text: str, position: int) -> Iterator[Finding]:
    for match in _AWS_SECRET.finditer(text, position, position + _NEAR):
        if not match.group().startswith("/"):
            yield Finding("aws-key", *match.span())
