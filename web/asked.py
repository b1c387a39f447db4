"""What kind of answer a request asks for."""

from fastapi import Request


def is_htmx(request: Request) -> bool:
    """Whether htmx asks for a part of the page."""
    return request.headers.get("hx-request") == "true"


def wants_html(request: Request) -> bool:
    """A browser names text/html; a machine names JSON or nothing."""
    return is_htmx(request) or "text/html" in request.headers.get("accept", "")


def here(request: Request) -> str:
    """The address of a page, with what it was asked; after something was sent, the start page."""
    if request.method != "GET":
        return "/"
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
