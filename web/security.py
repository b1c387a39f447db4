"""What is refused before anybody looks at it, and the headers on every answer."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}


def is_cross_site(method: str, headers: Headers) -> bool:
    """True for a write that may have been sent by another site's page through the visitor's browser.

    A request without a cookie carries nothing that a browser adds by itself, so a machine's bearer key is let through.
    Otherwise Fetch Metadata decides where the browser sends it, else Origin, else Referer; a cookie with none of the
    three is refused. Source: W3C Fetch Metadata Request Headers; OWASP Cross-Site Request Forgery Prevention.
    """
    if method in SAFE_METHODS:
        return False
    if len(headers.getlist("sec-fetch-site")) > 1 or len(headers.getlist("origin")) > 1:
        return True
    site, origin, referer = headers.get("sec-fetch-site"), headers.get("origin"), headers.get("referer")
    if site is not None:
        return site != "same-origin"
    host = headers.get("host", "")
    if origin is not None:
        return _site(origin) != host or not host
    if "cookie" not in headers:
        return False
    return referer is None or _site(referer) != host


def _site(address: str) -> str | None:
    try:
        return urlsplit(address).netloc
    except ValueError:  # such as `http://[`, which no browser sends
        return None
