"""From what was sent to a model, or to the one error that names the field."""

from __future__ import annotations

from typing import Any, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ValidationError

from sidecar.errors import BadRequest, FieldError
from sidecar.wire.text import parse_object, shown, whole

M = TypeVar("M", bound=BaseModel)

_PROBLEMS = {
    "missing": "is required",
    "string_type": "must be a string",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "is too large a number",
    "list_type": "must be a list",
    "model_type": "must be an object",
    "dict_type": "must be an object",
    "literal_error": "must be {expected}",
    "string_too_short": "must have {min_length} character(s) at least",
    "string_too_long": "is longer than {max_length} characters",
    "string_pattern_mismatch": "has characters that are not allowed",
    "too_short": "must have {min_length} item(s) at least",
    "too_long": "has {actual_length} items; {max_length} are allowed",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
}
"""Pydantic's kinds of errors in our words, which stand after the field's name and never repeat its value."""

_QUERY_FIELDS = 64
"""More fields in a query string than any route knows."""


def parse_body(model: type[M], body: bytes) -> M:
    """The request body as `model`; raises BadRequest or FieldError."""
    return validate(model, parse_object(body))


def parse_query(model: type[M], query: str) -> M:
    """The raw query string as `model`; an empty value counts as absent.  Raises BadRequest or FieldError."""
    try:
        pairs = parse_qsl(query, errors="replace", max_num_fields=_QUERY_FIELDS)
    except ValueError:
        raise BadRequest(detail=f"the query string has more than {_QUERY_FIELDS} fields") from None
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise FieldError(field=shown(key), problem="stands twice in the query string")
        found[key] = whole(value)
    return validate(model, found)


def validate(model: type[M], values: object) -> M:
    """`values` as `model`; raises FieldError for the first field that does not fit."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise FieldError(
            field=_field(first["loc"]), problem=_problem(first["type"], first.get("ctx", {}), first["msg"])
        ) from None


def _field(location: tuple[int | str, ...]) -> str:
    """`messages[3].content`, from pydantic's `("messages", 3, "content")`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return "".join(parts).removeprefix(".") or "body"


def _problem(kind: str, context: dict[str, Any], fallback: str) -> str:
    if kind == "value_error":
        return str(context["error"])
    template = _PROBLEMS.get(kind)
    return template.format(**context) if template else fallback[:1].lower() + fallback[1:]
