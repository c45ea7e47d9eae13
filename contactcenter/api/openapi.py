"""The OpenAPI 3.1 document, made of the table of operations: what is not in the table does not exist.

https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from contactcenter import __version__
from contactcenter.api.operations import PREFIX, Operation
from contactcenter.api.problems import CONTENT_TYPE, Problem

Json = dict[str, Any]
Mode = Literal["validation", "serialization"]

_ABOUT = """\
Programs act as an agent: `Authorization: Bearer cc_…`, a token made by `contactcenter tokens create`. What its agent
may not see does not exist here (404).

Collections are `{"items": […], "next_cursor": …}`; continue with `cursor=` and the same other parameters. Everything
that goes wrong is `application/problem+json` (RFC 9457). Times are RFC 3339 in UTC. A success means that the change is
durable. Fields and parameters that are not documented are refused."""

_PROBLEMS: Mapping[int, str] = {
    400: "The request is malformed.",
    401: "No token, or one that is not known.",
    403: "The token's agent may not do this.",
    404: "It does not exist, or not for you.",
    409: "Somebody was faster, or a unique name is taken.",
    413: "The body is too large.",
    422: "The body is JSON, but not acceptable; `errors` names the fields.",
    503: "A part of us is away; nothing was changed. Try again after `Retry-After` seconds.",
}


def document(operations: Sequence[Operation]) -> Json:
    """The document as JSON."""
    schemas = _Schemas(operations)
    paths: dict[str, Json] = {}
    for operation in operations:
        paths.setdefault(PREFIX + operation.path, {})[operation.method.lower()] = _operation(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "contactcenter",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": [{"name": name} for name in dict.fromkeys(operation.resource for operation in operations)],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "An API token, cc_…"}},
            "responses": {_name(status): _problem(text) for status, text in _PROBLEMS.items()},
        },
    }


class _Schemas:
    """The JSON schemas of all models. Parameters are written where they are used, not as components."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        wanted: dict[tuple[type[BaseModel], Mode], None] = {(Problem, "serialization"): None}
        for operation in operations:
            wanted[operation.answer, "serialization"] = None
            for model in (operation.body, operation.query):
                if model is not None:
                    wanted[model, "validation"] = None
        by_model, definitions = models_json_schema(list(wanted), ref_template="#/components/schemas/{model}")
        self._by_model = by_model
        self.components: Json = dict(sorted(definitions["$defs"].items()))
        self._queries = {one.query: self._taken(one.query) for one in operations if one.query is not None}
        for operation in operations:
            if operation.query is not None:
                self.components.pop(self._component(operation.query), None)

    def reference(self, model: type[BaseModel], mode: Mode) -> Json:
        """A reference to the schema of a body or an answer."""
        return dict(self._by_model[model, mode])

    def parameters(self, query: type[BaseModel]) -> list[Json]:
        """The parameters a query model stands for."""
        found = []
        for name, schema in self._queries[query]["properties"].items():
            shown = {key: value for key, value in schema.items() if key not in {"title", "description"}}
            parameter: Json = {"name": name, "in": "query", "required": False, "schema": shown}
            if "description" in schema:
                parameter["description"] = schema["description"]
            found.append(parameter)
        return found

    def _taken(self, query: type[BaseModel]) -> Json:
        return dict(self.components[self._component(query)])

    def _component(self, model: type[BaseModel]) -> str:
        return str(self._by_model[model, "validation"]["$ref"]).rpartition("/")[2]


def _operation(operation: Operation, schemas: _Schemas) -> Json:
    made: Json = {
        "operationId": operation.name,
        "tags": [operation.resource],
        "summary": operation.summary,
        "description": operation.description,
        "x-role": operation.role.value,
        "parameters": _parameters(operation, schemas),
        "responses": _responses(operation, schemas),
    }
    if operation.body is not None:
        content = {"application/json": {"schema": schemas.reference(operation.body, "validation")}}
        made["requestBody"] = {"required": not operation.body_may_be_empty, "content": content}
    return made


def _parameters(operation: Operation, schemas: _Schemas) -> list[Json]:
    types = {int: {"type": "integer", "minimum": 1}, str: {"type": "string"}}
    found: list[Json] = [
        {"name": name, "in": "path", "required": True, "schema": types[kind]}
        for name, kind in operation.path_parameters.items()
    ]
    if operation.query is not None:
        found += schemas.parameters(operation.query)
    if operation.idempotent:
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "A text of yours, such as a UUID. The same key again gives what the first request gave.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 200},
            }
        )
    return found


def _responses(operation: Operation, schemas: _Schemas) -> Json:
    content = {"application/json": {"schema": schemas.reference(operation.answer, "serialization")}}
    responses: Json = {str(operation.status): {"description": HTTPStatus(operation.status).phrase, "content": content}}
    statuses = {400, 401, 403, 503}
    if operation.path_parameters:
        statuses.add(404)
    if operation.method != "GET":
        statuses.add(409)
    if operation.body is not None:
        statuses |= {413, 422}
    for status in sorted(statuses):
        responses[str(status)] = {"$ref": f"#/components/responses/{_name(status)}"}
    return responses


def _name(status: int) -> str:
    return HTTPStatus(status).name.title().replace("_", "")


def _problem(text: str) -> Json:
    return {"description": text, "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
