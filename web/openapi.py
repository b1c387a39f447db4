"""The API's description: what FastAPI finds in the routes, and what holds for all of them."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel, Field

from web.declared import declared_by
from web.security import SAFE_METHODS


class FieldProblem(BaseModel):
    """What is wrong with one field; `field` is its path in the body, e.g. `lines[2].sku`."""

    field: str
    message: str


class Problem(BaseModel):
    """A refusal (RFC 9457). `code` is stable; the sentences are in the language that was asked for."""

    type: str = Field(examples=["/problems/receipt-exists"])
    title: str
    status: int
    code: str = Field(examples=["receipt-exists"])
    detail: str
    request_id: str
    errors: list[FieldProblem] = []


_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    "description": "New for each request. The same key with the same body gets the stored answer again, with "
    "Idempotency-Replayed: true; with another body 422; while the first one still runs 409.",
}
_APPROVAL: dict[str, Any] = {
    "name": "Approval",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 1000},
    "description": "The token of POST /approvals, with a request that was refused as approval-required, under a new "
    "Idempotency-Key. It holds once, for five minutes, for what was approved. Where a request needs several, as a sale "
    "for its points and for its discount, they come together, with commas between them.",
}
_SECURITY: dict[str, Any] = {
    "terminal": {"type": "http", "scheme": "bearer", "description": "A till's key; it fixes the store."},
    "staff": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Staff-Session",
        "description": "The token from POST /staff-sessions: which cashier is at the till.",
    },
    "browser": {
        "type": "apiKey",
        "in": "cookie",
        "name": "club_session",
        "description": "`__Host-club_session` over HTTPS.",
    },
}


def install(app: FastAPI) -> None:
    """Let `/openapi.json` say what the routes themselves don't: keys, refusals, who may."""
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]


def _described(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        components = made.setdefault("components", {})
        components["securitySchemes"] = _SECURITY
        schemas = components.setdefault("schemas", {})
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(problem.pop("$defs"))
        schemas["Problem"] = problem
        for context in iter_route_contexts(app.routes):
            if isinstance(context.original_route, APIRoute) and context.path in made["paths"]:
                _describe(made["paths"][context.path], context.original_route)
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        app.openapi_schema = made
    return app.openapi_schema


def _describe(path: dict[str, Any], route: APIRoute) -> None:
    declared = declared_by(route.dependant)
    refusal = {
        "description": "Refused: the reason, and the fields at fault.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for method in route.methods or set():
        operation = path.get(method.lower())
        if operation is None:
            continue
        operation["responses"].pop("422", None)
        operation["responses"]["4XX"] = refusal
        if declared is None or declared.permission is None:
            continue
        operation["security"] = [{"terminal": [], "staff": []}, {"browser": []}]
        operation["x-permission"] = declared.permission.value
        if declared.fresh is not None:
            operation["x-asks-who"] = declared.fresh.value
        if method not in SAFE_METHODS and not declared.keyless:
            operation.setdefault("parameters", []).append(_KEY)
            operation["parameters"].append(_APPROVAL)
