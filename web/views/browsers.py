"""What a browser calls itself, in two words that its owner knows it by."""

_BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
"""In this order: nearly all of them call themselves Chrome or Safari too."""
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "macOS"),
    ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


def browser_of(agent: str | None) -> str | None:
    """`Firefox, Windows` for what a browser sends as its User-Agent; as much of it as is known.

    >>> browser_of("Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0")
    'Firefox, Windows'
    """
    if not agent:
        return None
    found = [next((name for sign, name in signs if sign in agent), None) for signs in (_BROWSERS, _SYSTEMS)]
    return ", ".join(name for name in found if name) or agent[:40]
