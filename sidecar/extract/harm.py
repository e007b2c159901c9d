"""Statements that, followed as orders, would do harm: give something away, run what comes from elsewhere, drop a guard.

A person may say any of that of their own project.  Of what an agent says by itself, of what was pasted, and of what
others share, it waits for a person (see `llm.trust`, `daemon.remembering` and `index.hold`).  The shapes are those of
an order or a duty: "backups are copied to the archive host" tells how things are, and is none.
"""

from __future__ import annotations

from sidecar.expressions import regex

_GAP = r"(?:[^.!?\n]|\.(?=\w))"
"""Within one sentence; names of files and hosts have dots in them."""

_DUTY = (
    r"(?:^|[.:;,!-]\s*|\b(?:and|then|please|to|you|we|agents?|assistants?)\s+)(?:always|never|only|first|just|also)?\s*"
)
_OBLIGED = (
    r"\b(?:must|should|shall|ought to|(?:has|have|had|needs?|is|are|be) (?:required |expected |supposed )?to|always"
    r"|never|required|mandatory|expected)\b"
)
_SEND = (
    r"(?:post|send|upload|forward|copy|paste|e?-?mail|cc|submit|report|push|publish|hand(?: over)?|share|transmit"
    r"|exfiltrate|pass|leak|pipe|deliver|store|save|write|put|dump|mirror|sync)"
)
_SENT = (
    r"(?:posted|sent|uploaded|forwarded|copied|pasted|e?-?mailed|submitted|reported|pushed|published|handed over|shared"
    r"|transmitted|passed|piped|delivered|collected|stored|saved|written|put|dumped|mirrored|synced)"
)
_PLACE = (
    r"(?:https?://|[\w.+-]+@[\w-]+\.\w|(?<![\w/])#[\w-]{2,}|\b(?:[\w-]+\.)+(?!py\b|md\b|js\b|ts\b)[a-z]{2,}(?:[/:]|\b))"
)
_PRECIOUS = (
    r"(?<!\w)(?:secrets?|credentials?|passwords?|passphrases?|tokens?|cookies|private keys?|(?:api|deploy|ssh|signing"
    r"|access"
    r"|gpg)[- ]keys?|id_rsa|\.env|\.ssh|env(?:ironment)? (?:vars?|variables?)|the (?:whole )?environment)\b"
)
_GUARD = (
    r"(?:signatures?|certificates?|tls|ssl|https|verif\w+|validat\w+|auth\w*|2fa|mfa|two-factor|log-?ins?|passwords?"
    r"|reviews?|approvals?|branch protection|protection|firewalls?|encrypt\w+|sandbox\w*|audits?|security|permissions?"
    r"|confirmations?|scans?)"
)
_OFF = r"(?:disabl\w+|skip\w*|bypass\w*|turn(?:s|ed|ing)? off|switch(?:es|ed|ing)? off|remov\w+|ignor\w+|circumvent\w*)"

_SHAPES = tuple(
    regex(shape)
    for shape in (
        rf"{_DUTY}{_SEND}\b{_GAP}{{0,100}}?\b(?:to|into|in|at|via|through|on|with|from|as)\b[^!?\n]{{0,60}}?{_PLACE}",
        rf"{_OBLIGED}{_GAP}{{0,60}}\b(?:{_SENT}|{_SEND})\b{_GAP}{{0,60}}\b(?:to|into|in|at|via|through|on)\b"
        rf"[^!?\n]{{0,60}}?{_PLACE}",
        rf"{_PRECIOUS}{_GAP}{{0,80}}\b{_SENT}\b{_GAP}{{0,40}}\b(?:to|into|in|at|via|through|on|with)\b",
        rf"{_DUTY}{_SEND}\b{_GAP}{{0,60}}{_PRECIOUS}{_GAP}{{0,60}}\b(?:to|into|at|via|through|as|with)\b",
        r"\b(?:curl|wget|fetch|iwr|invoke-webrequest)\b[^|\n]{0,200}\|\s*(?:sudo\s+)?(?:\w*sh|python\d?|node|perl"
        r"|iex)\b",
        r"\b(?:iex|eval|source|bash|sh)\b\s*[(<\"'$-]{1,4}\s*(?:\(|\$\()?\s*(?:curl|wget|iwr|new-object)\b",
        r"--(?:extra-)?index-url[ =]https?://|--registry[ =]https?://|base64\s+(?:-d|--decode)\b[^|\n]{0,80}\|",
        rf"{_DUTY}{_OFF}\b{_GAP}{{0,60}}\b{_GUARD}\b|{_OBLIGED}{_GAP}{{0,40}}\b{_OFF}\b{_GAP}{{0,60}}\b{_GUARD}\b",
        rf"\bnever (?:check|verify|validate|encrypt|audit|review|scan|ask)\b|\bwithout (?:any )?{_GUARD}\b"
        rf"{_GAP}{{0,40}}\b(?:push|merge|deploy|install|run)",
        r"\b(?:never|do ?n'?t|do not|without|must not|should not)\s+(?:ever )?(?:tell(?:ing)?|ask(?:ing)?"
        rf"|inform(?:ing)?|mention(?:ing)?|notify(?:ing)?|show(?:ing)?|alert(?:ing)?|warn(?:ing)?"
        rf"|reveal(?:ing)?)\b{_GAP}{{0,30}}"
        r"\b(?:user|operator|human|owner|developer|anyone|anybody|these rules|this (?:rule|note|instruction))",
        rf"\b(?:grant|give)s?\b{_GAP}{{0,60}}\b(?:admin|root|owner|sudo|write)\b{_GAP}{{0,20}}\b(?:rights?|access"
        r"|permissions?|role)\b",
    )
)


def harmful(text: str) -> bool:
    """Whether a statement has the shape of an order, or a duty, whose following would do harm."""
    lower = " ".join(text.lower().split())
    return any(shape.search(lower) for shape in _SHAPES)
