"""The cookies of ours: scripts can't read them, and other sites' posts don't carry them."""

from fastapi import Request
from starlette.responses import Response

from web.security import cookie_name, is_secure

SESSION_COOKIE, TERMINAL_COOKIE, LANGUAGE_COOKIE = "club_session", "club_terminal", "language"
STEP_COOKIE = "club_step"
"""Between the password and the second factor."""


def cookie(request: Request, name: str) -> str | None:
    """A cookie of ours that came with the request."""
    return request.cookies.get(cookie_name(name, secure=is_secure(request.scope)))


def put_cookie(response: Response, name: str, value: str | None, seconds: int | None, *, secure: bool) -> None:
    """Set a cookie with the answer; None takes it away."""
    name = cookie_name(name, secure=secure)
    if value is None:
        response.delete_cookie(name, path="/", samesite="lax", httponly=True, secure=secure)
    else:
        response.set_cookie(name, value, seconds, path="/", samesite="lax", httponly=True, secure=secure)
