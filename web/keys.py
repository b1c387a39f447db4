"""What is kept of a request and its answer under an Idempotency-Key."""

import base64
import hashlib
import re

from fastapi import Request
from starlette.responses import Response

from erp_club.kernel import idempotency

_KEY = re.compile(r"[\x21-\x7e]{1,200}")
MOST_APPROVALS = 10
_KEPT_HEADERS = ("location", "hx-redirect", "hx-trigger", "hx-push-url", "content-type")


def key_of(request: Request) -> str | None:
    """The hash of the request's Idempotency-Key; None where it has none or one that won't do.

    A till may make its keys of anything, a member's telephone too: what is kept doesn't tell it.
    """
    value = request.headers.get("idempotency-key", "")
    return base64.b64encode(hashlib.sha256(value.encode()).digest()).decode() if _KEY.fullmatch(value) else None


def request_hash(request: Request) -> bytes:
    """What tells one request from another: its method, address and body."""
    scope = request.scope
    digest = hashlib.sha256(f"{scope['method']} {scope['path']}?".encode() + scope["query_string"] + b"\n")
    # It was read before: by FastAPI for the route's model, else by the route's entrance. Starlette keeps it.
    digest.update(getattr(request, "_body", b""))
    return digest.digest()


def kept_answer(response: Response) -> idempotency.KeptAnswer:
    """An answer with those of its headers that a repeat needs."""
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    return idempotency.KeptAnswer(response.status_code, headers, bytes(response.body))


def approvals_of(request: Request) -> list[str]:
    """The tokens of approvals that came along: a sale may need one for its points and another for its discount."""
    told = ",".join(request.headers.getlist("approval"))
    return [each.strip() for each in told.split(",") if each.strip()][:MOST_APPROVALS]
