"""The API described by itself: an OpenAPI 3.1 document and the page `docs/api.md`, both from the route table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from sidecar import __version__
from sidecar.daemon import apipage
from sidecar.daemon.route import OURS, Route
from sidecar.daemon.routes import SECTIONS, TABLE, WITH_BODY
from sidecar.wire import fields, limits, shapes

Json = dict[str, Any]

_PATH_PARAMETERS: Final[Mapping[str, Json]] = {
    "account": {"description": "Any text; a local daemon has one owner.", "schema": {"type": "string", "minLength": 1}},
    "ns": {
        "description": "A namespace.",
        "schema": {"type": "string", "pattern": fields.NAME_PATTERN, "maxLength": limits.NAME_CHARACTERS},
    },
    "p": {
        "description": "A profile.",
        "schema": {"type": "string", "pattern": fields.NAME_PATTERN, "maxLength": limits.NAME_CHARACTERS},
    },
    "sid": {
        "description": "A session.",
        "schema": {"type": "string", "minLength": 1, "maxLength": limits.SESSION_CHARACTERS},
    },
    "session": {
        "description": "A session, by the name that its agent or a client gave it.",
        "schema": {"type": "string", "minLength": 1, "maxLength": limits.AGENT_SESSION_CHARACTERS},
    },
    "id": {"description": "A memory.", "schema": {"type": "string", "pattern": fields.MEMORY_ID_PATTERN}},
}

_FAILURES: Final[Mapping[int, str]] = {
    400: "A field is missing, malformed or over its limit; the message names it.",
    404: "There is no such route, namespace or memory.",
    405: "The path exists, but not with this method; the Allow header names those it has.",
    409: "The name is taken, or the file has changed meanwhile.",
    413: "The body is too large.",
    415: "The body is not declared as JSON.",
    426: "The program speaks a language that is no longer understood (`Sidecar-Protocol`).",
    500: "A fault of the daemon; its log says more.",
    503: "Not available now; Retry-After says in how many seconds to try again.",
}


def document() -> Json:
    """The OpenAPI 3.1 document of every route under every prefix."""
    paths: dict[str, Json] = {}
    for route in TABLE:
        for prefix in route.prefixes:
            paths.setdefault(prefix + route.path, {})[route.method.lower()] = _operation(route, prefix)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "sidecar",
            "version": __version__,
            "description": "A local memory for AI agents, over HTTP on a Unix socket.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "http://localhost", "description": "The host name is not looked at."}],
        "tags": [{"name": section} for section in SECTIONS],
        "paths": paths,
        "components": {"schemas": _schemas(), "responses": _responses()},
    }


def _operation(route: Route, prefix: str) -> Json:
    found: Json = {
        "operationId": route.name if prefix == OURS else f"managed_{route.name}",
        "summary": route.about,
        "tags": [next(section for section, members in SECTIONS.items() if route in members)],
        "parameters": [*_in_path(route, prefix), *_in_query(route)],
        "responses": {str(route.success): _success(route), **_failures(route)},
    }
    if route.method in WITH_BODY:
        found["requestBody"] = {
            "required": _needs_body(route),
            "content": {"application/json": {"schema": {"$ref": apipage.SCHEMAS + route.body.__name__}}},
        }
    return found


def _needs_body(route: Route) -> bool:
    return any(field.is_required() for field in route.body.model_fields.values())


def _in_path(route: Route, prefix: str) -> Iterator[Json]:
    names = route.parameters if prefix == OURS else ("account", *route.parameters)
    for name in names:
        yield {"name": name, "in": "path", "required": True, **_PATH_PARAMETERS[name]}


def _in_query(route: Route) -> Iterator[Json]:
    for name, schema in route.query.model_json_schema().get("properties", {}).items():
        parameter: Json = {"name": name, "in": "query", "schema": _without_null(schema)}
        if "description" in schema:
            parameter["description"] = parameter["schema"].pop("description")
        yield parameter


def _without_null(schema: Json) -> Json:
    """A query has no null: a field that may be absent is just not required."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind.get("type") != "null"]
    rest = {key: value for key, value in schema.items() if not (key == "default" and value is None)}
    if len(kinds) == 1 and len(schema["anyOf"]) == 2:
        del rest["anyOf"]
        return {**rest, **kinds[0]}
    return rest


def _success(route: Route) -> Json:
    if route.document is not None:
        kind: Json = {"type": "object"} if route.document == "application/json" else {"type": "string"}
        kinds = (route.document, *route.also)
        return {"description": route.about, "content": {name: {"schema": kind} for name in kinds}}
    result: Json = {"type": "null"}
    if route.result is not None:
        one = {"$ref": apipage.SCHEMAS + route.result.__name__}
        result = {"type": "array", "items": one} if route.many else one
    info: Json = {"$ref": apipage.SCHEMAS + "ResultInfo"} if route.fresh else {"type": "null"}
    schema = _envelope(result, info, success=True)
    return {"description": route.about, "content": {"application/json": {"schema": schema}}}


def _envelope(result: Json, info: Json, *, success: bool) -> Json:
    errors: Json = {"type": "array", "items": {"$ref": apipage.SCHEMAS + "Problem"}}
    errors |= {"maxItems": 0} if success else {"minItems": 1}
    properties = {
        "result": result,
        "success": {"const": success},
        "errors": errors,
        "messages": {"type": "array", "items": {"$ref": apipage.SCHEMAS + "Note"}},
        "result_info": info,
    }
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _failures(route: Route) -> Json:
    statuses = [400, 404, 405, 500, 503]
    if route.conflicts:
        statuses.append(409)
    if route.method in WITH_BODY:
        statuses.extend((413, 415))
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(statuses)}


def _responses() -> Json:
    schema = _envelope({"type": "null"}, {"type": "null"}, success=False)
    responses: Json = {}
    for status, about in _FAILURES.items():
        responses[str(status)] = {"description": about, "content": {"application/json": {"schema": schema}}}
    responses["405"]["headers"] = {"Allow": {"schema": {"type": "string"}}}
    responses["503"]["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return responses


def _schemas() -> Json:
    """Every model that a route takes or gives, with those inside it."""
    sent: list[type[BaseModel]] = sorted({route.body for route in TABLE if route.method in WITH_BODY}, key=_name)
    given: list[type[BaseModel]] = sorted({route.result for route in TABLE if route.result}, key=_name)
    given += [shapes.Problem, shapes.Note, shapes.ResultInfo]
    modes: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "validation") for model in sent]
    modes += [(model, "serialization") for model in given]
    _, schemas = models_json_schema(modes, ref_template=apipage.SCHEMAS + "{model}")
    found: Json = schemas["$defs"]
    return dict(sorted(found.items()))


def _name(model: type[BaseModel]) -> str:
    return model.__name__


def markdown() -> str:
    """The page `docs/api.md`."""
    return apipage.render(_schemas(), _FAILURES)
