"""The OpenAPI document of the interface, made from the types that the server validates with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import getdoc
from typing import Any

from pydantic import TypeAdapter

from agent_brain_client.answers import Problem
from agent_brain_client.wire import PROBLEM_JSON, VERSION
from agent_brain_server.api.operations import Operation

_REFERENCE = "#/components/schemas/{model}"
_Schemas = Mapping[tuple[str, str], Mapping[str, Any]]


def describe(operations: Sequence[Operation]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of `operations`."""
    schemas, components = _schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Agent Brain", "version": VERSION},
        "paths": paths,
        "components": {"schemas": components},
    }


def _schemas(operations: Sequence[Operation]) -> tuple[_Schemas, dict[str, Any]]:
    """Return the JSON schemas of bodies and answers by operation and name, and of the types that they refer to."""
    adapters: list[tuple[Any, Any, TypeAdapter[Any]]] = [("", "serialization", TypeAdapter(Problem))]
    for operation in operations:
        for name, kind in operation.types.items():
            if name in ("body", "return"):
                mode = "serialization" if name == "return" else "validation"
                adapters.append(((operation.name, name), mode, TypeAdapter(kind)))
    found, definitions = TypeAdapter.json_schemas(adapters, ref_template=_REFERENCE)
    return {key: schema for (key, _), schema in found.items()}, definitions.get("$defs", {})


def _described(operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    described: dict[str, Any] = {
        "tags": [operation.tag],
        "summary": operation.name.replace("_", " ").title(),
        "description": getdoc(operation.handler) or "",
        "operationId": operation.name,
        "responses": {str(operation.status): _answer(operation, schemas), **_problems()},
    }
    if parameters := _parameters(operation, schemas):
        described["parameters"] = parameters
    if "body" in operation.types:
        content = {"application/json": {"schema": schemas[operation.name, "body"]}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _answer(operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    kind = "text/plain" if operation.types["return"] is str else "application/json"
    return {"description": "The answer.", "content": {kind: {"schema": schemas[operation.name, "return"]}}}


def _parameters(operation: Operation, schemas: _Schemas) -> list[dict[str, Any]]:
    schema = TypeAdapter(operation.types["parameters"]).json_schema(ref_template=_REFERENCE)
    required = schema.get("required", ())
    return [
        {
            "name": name,
            "in": "path" if f"{{{name}}}" in operation.path else "query",
            "required": name in required,
            "schema": described,
        }
        for name, described in schema["properties"].items()
    ]


def _problems() -> dict[str, Any]:
    """Return the answers to refused and failed requests, which are the same for every operation."""
    content = {PROBLEM_JSON: {"schema": {"$ref": _REFERENCE.format(model=Problem.__name__)}}}
    return {
        "4XX": {"description": "Refused; `code` and `field` say why.", "content": content},
        "503": {"description": "The store or the embedding endpoint does not answer.", "content": content},
    }
