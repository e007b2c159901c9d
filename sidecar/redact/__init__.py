"""Secrets are taken out of a text before anything is written anywhere (section 7 of the contract).

`redact`, `redact_message` and `redact_messages` replace, `audit` only reports; all use the same detectors:

    blocks       <private> blocks and private keys in PEM and similar forms
    formats      keys and tokens whose form alone gives them away
    urls         passwords in URLs, authorization headers, cookies
    shell        passwords on the command lines of known tools
    assignments  NAME=value, "name": "value", name: value, --name value, for secret-like names
    prose        passwords told in a sentence
    codes        lists of recovery codes
    nearby       what looks like a password near a word for one, whatever the grammar between (what does: shapes)
    lone         a line of a person's message that is nothing but such a token
    repeats      in the messages of one batch, what was found in another of them
    plain        what is escaped, taken apart or disguised, as it is read, for all of the others
    crowds       long stretches full of words for passwords, as a whole
    continued    what goes on behind a key: on the next line, in the next quotes
    encoded      base64 of a text with a secret in it
    dumps        the output of a command that prints secrets (which one that is: commands)
"""

from __future__ import annotations

from sidecar.redact.commands import of_tool
from sidecar.redact.engine import MARK, Redaction, audit, redact
from sidecar.redact.findings import Finding
from sidecar.redact.messages import redact_message, redact_messages

__all__ = ["MARK", "Finding", "Redaction", "audit", "of_tool", "redact", "redact_message", "redact_messages"]
