"""Forms as JSON: a posted form becomes the JSON body that a machine would have sent.

So a route declares one body model. A file becomes its name and its content in base64. Hidden fields carry what a form
can't say otherwise: `_method` the method, `idempotency_key` and `approval_token` the headers; `proof` is what somebody
shows of themselves once more, which no route reads. `lines[0].sku` nests; an empty text is an absent one, in a PATCH
null. With `_rows` a row of which every field was emptied keeps its place.
"""

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
BODY_LIMIT = 1_000_000
UPLOAD_LIMIT = 8_000_000
UPLOADS = frozenset({"/price-list-uploads", "/file-imports"})
"""Where a file may come, which is longer than any form."""
PROOFS = "/proofs"
"""Where a proof is the body itself."""
FIELD_LIMIT = 10_000
FILE_LIMIT = 4
DEEPEST = 8
METHODS = frozenset({"PATCH", "PUT", "DELETE"})
_STEP = re.compile(r"([^\[\].]+)|\[(\d{1,4})\]")


@dataclass
class FormState:
    """What somebody typed, and what is wrong with it by field (`""` for the form as a whole).

    `facts` are what the refusal tells beside, as a machine would read them; `warnings` are what is probably a slip.
    """

    values: dict[str, Any] = field(default_factory=dict[str, Any])
    errors: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    warnings: dict[str, list[str]] = field(default_factory=dict[str, list[str]])


def fields_of(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What somebody typed as the fields of a form that carries it along."""
    return [(name, each) for name, value in values.items() for each in (value if isinstance(value, list) else [value])]


class FormsAsJson:
    """Reads a form once, before routing, and passes it on as JSON. `too_large` answers one with too many fields."""

    def __init__(self, app: ASGIApp, too_large: ASGIApp) -> None:
        self.app = app
        self.too_large = too_large

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        kind = Headers(scope=scope).get("content-type", "").split(";")[0].strip().lower()
        if kind == FORM:
            posted = await _body(receive)
            if posted is not None and posted.count("&") > FIELD_LIMIT:
                await self.too_large(scope, receive, send)
                return
            typed = None if posted is None else parse_qsl(posted, keep_blank_values=True)
            files: dict[str, Any] = {}
        elif kind == MULTIPART and scope["path"] in UPLOADS:
            typed, files = await _parts(scope, receive)
        else:
            await self.app(scope, receive, send)
            return
        if typed is None:
            # The sender is gone. Half a form would be read as a whole one with less in it.
            await PlainTextResponse("The form was cut off.", 400)(scope, receive, send)
            return
        values: dict[str, Any] = dict(typed)
        values.update({name: [v for n, v in typed if n == name] for name in values if name.endswith("[]")})
        method, rows = values.pop("_method", "").upper(), bool(values.pop("_rows", ""))
        key, _ = values.pop("idempotency_key", ""), values.pop("approval_token", "")
        approval = ",".join(value for name, value in typed if name == "approval_token" and value)
        proof = values.pop("proof", "") if scope["path"] != PROOFS else ""
        kept = [(name, value) for name, value in typed if name in values]
        body = json.dumps(nest(kept, clears=method == "PATCH", rows=rows) | files).encode()
        # In place: the layer around us logs the route that is found in this same scope.
        scope["method"] = method if method in METHODS else "POST"
        scope["headers"] = _headers(scope["headers"], body, key, approval)
        scope["state"]["form"] = FormState(values=values)
        scope["state"]["proof"] = proof
        await self.app(scope, _replay(body), send)


def nest(fields: list[tuple[str, str]], *, clears: bool = False, rows: bool = False) -> dict[str, Any]:
    """`[("a", "1"), ("lines[0].sku", "x")]` as `{"a": "1", "lines": [{"sku": "x"}]}`.

    Empty texts are left out; where the form `clears` they are null, so that a change can empty a field. A name that
    ends with `[]` collects all its values into a list. List positions may have gaps (a removed row); the order is kept.
    With `rows` one that was emptied stays as `{}`, so that the names of those after it still say where they stand.
    """
    made: dict[str, Any] = {}
    for name, value in fields:
        if name.endswith("[]"):
            made.setdefault(name[:-2], [])
            if value:
                made[name[:-2]].append(value)
        elif value.strip():
            _put(made, name, value)
        elif clears:
            _put(made, name, None)
        elif rows:
            _put_row(made, name)
    return _lists(made)


def _put_row(made: dict[str, Any], name: str) -> None:
    """Make the row that an empty field stands in; nothing for a field in no row."""
    steps = _steps(name)
    ends = [index for index, step in enumerate(steps[:-1]) if isinstance(step, int)]
    place: dict[Any, Any] = made
    for step in steps[: ends[-1] + 1] if ends and len(steps) <= DEEPEST else ():
        place = place.setdefault(step, {})
        if not isinstance(place, dict):
            return


def _steps(name: str) -> list[str | int]:
    return [int(number) if number else word for word, number in _STEP.findall(name)]


def _put(made: dict[str, Any], name: str, value: str | None) -> None:
    steps = _steps(name)
    if not steps:
        return
    if len(steps) > DEEPEST:  # no field of ours; as it stands it is refused as unknown
        made[name] = value
        return
    place: dict[Any, Any] = made
    for step in steps[:-1]:
        inner = place.setdefault(step, {})
        if not isinstance(inner, dict):
            return
        place = inner
    place[steps[-1]] = value


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(isinstance(key, int) for key in value):
        return [_lists(value[key]) for key in sorted(value)]
    return {str(key): _lists(inner) for key, inner in value.items()}


async def _body(receive: Receive) -> str | None:
    """The whole body, which the application's limit bounds; None where the connection ended before it did."""
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks).decode("utf-8", "replace")


async def _parts(scope: Scope, receive: Receive) -> tuple[list[tuple[str, str]] | None, dict[str, Any]]:
    """The fields of a form that carries files, and the files that were chosen; no fields where it can't be read."""
    try:
        form = await MultiPartParser(
            Headers(scope=scope), Request(scope, receive).stream(), max_files=FILE_LIMIT, max_fields=FIELD_LIMIT
        ).parse()
    except (MultiPartException, ClientDisconnect):
        return None, {}
    fields: list[tuple[str, str]] = []
    files: dict[str, Any] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            fields.append((name, value))
        elif value.filename:
            files[name] = {"name": value.filename, "content": b64encode(await value.read()).decode("ascii")}
    await form.close()
    return fields, files


def _replay(body: bytes) -> Receive:
    sent = False

    async def receive() -> Message:
        nonlocal sent
        if sent:
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _headers(headers: list[tuple[bytes, bytes]], body: bytes, key: str, approval: str) -> list[tuple[bytes, bytes]]:
    kept = [(name, value) for name, value in headers if name not in {b"content-type", b"content-length"}]
    if key and not any(name == b"idempotency-key" for name, _ in kept):
        kept.append((b"idempotency-key", key.encode("latin-1", "replace")))
    if approval:
        kept.append((b"approval", approval.encode("latin-1", "replace")))
    return [*kept, (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
