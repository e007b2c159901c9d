"""Secrets are taken out of a text before anything is written anywhere (section 7 of the contract).

`redact` and `redact_message` replace, `audit` only reports; all three use the same detectors:

    blocks       <private> blocks and private keys in PEM and similar forms
    formats      keys and tokens whose form alone gives them away
    urls         passwords in URLs, authorization headers, cookies
    shell        passwords on the command lines of known tools
    assignments  NAME=value, "name": "value", name: value, --name value, for secret-like names
    prose        passwords told in a sentence
    dumps        the output of a command that prints secrets (which one that is: commands)
"""

from __future__ import annotations

from sidecar.redact.engine import MARK, Redaction, audit, redact, redact_message
from sidecar.redact.findings import Finding

__all__ = ["MARK", "Finding", "Redaction", "audit", "redact", "redact_message"]
