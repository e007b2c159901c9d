"""The page `docs/api.md`, from the route table and the schemas of the OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from sidecar import hello
from sidecar.daemon.route import MANAGED, OURS, Route
from sidecar.daemon.routes import SECTIONS, TABLE
from sidecar.wire import limits

Json = dict[str, Any]

SCHEMAS: Final = "#/components/schemas/"
"""Where the OpenAPI document keeps its models."""

_INTRODUCTION: Final = """\
# HTTP API

<!-- Generated from the route table by scripts/generate_docs.py; edit sidecar/daemon/routes.py and sidecar/wire/. -->

The daemon speaks HTTP/1.1 and JSON on its Unix socket; `sidecar status` names it.

```sh
curl --unix-socket "$XDG_RUNTIME_DIR/sidecar/sidecar.sock" http://localhost/v1/status
```

The same, for machines: `GET /v1/openapi.json`.

## Rules

- Every answer is an envelope: `{{"result", "success", "errors": [{{"code", "message", "hint"}}], \
"messages": [{{"code", "message"}}], "result_info"}}`.
  `messages` are notes on an answer that is none the less right, such as `degraded: no model`.
- `result_info.index` says how fresh the index was: `{{"generation", "lag_ms", "degraded": [reason]}}`.
- Routes marked *both* are also served under `{managed}`, where `{{account}}` is any text, so that clients of the \
managed service work by changing a base URL.
  There, `recall` finds memories alone unless `kinds` asks for messages.
- A body must be declared as `Content-Type: application/json`, in UTF-8; without a declaration it is refused (415).
  An empty body needs none and counts as `{{}}`.
- Every answer names the version of the daemon (`Server: sidecar/VERSION`) and its language (`{header}: {protocol}`).
  A program may send the same header: then one whose language is no longer understood is refused (426), not \
misunderstood; `healthz`, `status` and `shutdown` always answer.
- A field of `null` is an absent field.
  Fields that are not listed here are ignored, misspelt ones included; so are unknown fields of a query string, in \
which an empty value counts as absent.
- A field that stands twice, NaN, infinity, and nesting deeper than {depth} levels are refused (400).
  A lone surrogate and NUL, which no file could hold, become U+FFFD.
- Dates are ISO 8601: a date, or a date-time, which is UTC if it names no zone.
  As `referenceDate` and `at` a date means its end.
- Lists come in pages: repeat the request with `cursor` set to `result_info.cursor`, until that is null.
  A cursor stays valid; what is added or removed meanwhile neither repeats nor hides anything.
- Where no profile is in the path, `profile` (with `namespace`, or in the default one) picks one by name, else `cwd` \
the one of its project; without either it is `personal`.
- An answer that takes longer than 30 s becomes a 503, except where waiting was asked for: `wait`, a `thinkingLevel` \
above `low`, and `POST /v1/transcripts`.

## Limits

| what | limit |
| --- | --- |
{limits}

## Statuses

Success is 200, and 201 for a new namespace.

| status | meaning |
| --- | --- |
{statuses}
"""

_LIMITS: Final = (
    ("messages in an ingest", f"{limits.MESSAGES:,}"),
    ("a message, a remembered text", f"{limits.MESSAGE_BYTES:,} bytes"),
    ("a query, a reason", f"{limits.QUERY_BYTES:,} bytes"),
    ("a session id", f"{limits.SESSION_CHARACTERS} characters"),
    ("a namespace's or profile's name", f"{limits.NAME_CHARACTERS} characters of `a-z0-9-`"),
    ("items on a page", f"{limits.PAGE} by default, {limits.PAGE_MAX} at most"),
    ("candidates", f"`recall.limit` of the settings by default, {limits.CANDIDATES_MAX} at most"),
    ("the body of an ingest", f"{limits.INGEST_BODY_BYTES:,} bytes"),
    ("any other body", f"{limits.BODY_BYTES:,} bytes"),
)


def render(schemas: Mapping[str, Json], failures: Mapping[int, str]) -> str:
    """The page; `schemas` are the models of the OpenAPI document, `failures` the statuses and what they mean."""
    parts = [
        _INTRODUCTION.format(
            managed=MANAGED,
            depth=limits.JSON_DEPTH,
            header=hello.HEADER,
            protocol=hello.PROTOCOL,
            limits="\n".join(f"| {what} | {limit} |" for what, limit in _LIMITS),
            statuses="\n".join(f"| {status} | {about} |" for status, about in failures.items()),
        )
    ]
    for section, members in SECTIONS.items():
        parts.append(f"## {section}\n")
        parts.extend(_route(route) for route in members)
    told = {route.body.__name__ for route in TABLE}
    parts.append("## Shapes\n")
    parts.extend(_shape(name, schema) for name, schema in schemas.items() if name not in told)
    return "\n".join(parts).rstrip() + "\n"


def _route(route: Route) -> str:
    marked = " (*both*)" if route.managed else ""
    lines = [f"### {route.method} {OURS}{route.path}{marked}", "", route.about, ""]
    if route.method == "POST":
        lines += _table(route.body.model_json_schema(ref_template=SCHEMAS + "{model}"), must="required")
    lines += _table(route.query.model_json_schema(), must="required")
    if route.document is None:
        name = "null" if route.result is None else _link(route.result.__name__)
        lines += [f"Result: {'a list of ' if route.many else ''}{name}.", ""]
    return "\n".join(lines)


def _shape(name: str, schema: Json) -> str:
    about = " ".join(schema.get("description", "").split())
    return "\n".join([f"### {name}", "", about, "", *_table(schema, must="always")])


def _table(schema: Json, *, must: str) -> list[str]:
    """The fields of a schema as a table, `must` marking those that have to be there; nothing if it has no fields."""
    required = schema.get("required", ())
    rows = []
    for name, field in schema.get("properties", {}).items():
        presence = must if name in required else _default(field)
        rows.append(f"| `{name}` | {_type(field)} | {presence} | {field.get('description', '')} |")
    return ["| field | type | default | |", "| --- | --- | --- | --- |", *rows, ""] if rows else []


def _default(field: Json) -> str:
    default = field.get("default")
    return "" if default is None or isinstance(default, dict) else f"`{json.dumps(default)}`"


def _type(schema: Json) -> str:
    """A schema in a word or two."""
    if "$ref" in schema:
        return _link(schema["$ref"].removeprefix(SCHEMAS))
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    if "anyOf" in schema:
        return " or ".join(_type(kind) for kind in schema["anyOf"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    return str(schema.get("format") or schema["type"])


def _link(name: str) -> str:
    return f"[{name}](#{name.lower()})"
