"""What is refused before anybody looks at it, the names of cookies, and the headers on every answer."""

import functools
import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}


HSTS = "max-age=63072000"
"""Two years, for this host only: the chain's other hosts are not ours to speak for (RFC 6797)."""
_HEALTH = frozenset({"/healthz", "/readyz"})


def is_secure(scope: Scope) -> bool:
    """Whether the browser reached us over HTTPS; a proxy that we trust says so (`ERP_CLUB_PROXIES`)."""
    return scope.get("scheme") == "https"


def cookie_name(name: str, *, secure: bool) -> str:
    """The name that a cookie goes by. Over HTTPS no other host of the domain, and no plain page, can plant ours."""
    return f"__Host-{name}" if secure else name


def is_plain_from_elsewhere(scope: Scope) -> bool:
    """True for plain HTTP from another machine, on whose way anybody can read and change what is sent.

    Whoever has no address of a network (a test, a socket of this machine) is on this machine. Load balancers may ask
    for our health as they like.
    """
    if is_secure(scope) or scope["path"] in _HEALTH:
        return False
    client = scope.get("client")
    try:
        return client is not None and not _unmapped(client[0]).is_loopback
    except ValueError:
        return False


def sender(scope: Scope) -> str | None:
    """Whose requests are counted together: an address, of IPv6 its network of 64 bits; None for this machine's own."""
    client = scope.get("client")
    if client is None:
        return None
    try:
        address = _unmapped(client[0])
    except ValueError:
        return str(client[0])
    if address.is_loopback:
        return None
    return str(address) if address.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))


@functools.lru_cache
def _unmapped(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    address = ipaddress.ip_address(text)
    return getattr(address, "ipv4_mapped", None) or address


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
