"""Whether something that was sent as a text came alive in a page."""

from html.parser import HTMLParser

from tests.corpus.hostile import CALCULATED, MARK

_ADDRESSES = frozenset({"href", "src", "action", "formaction", "data", "poster", "srcdoc"})
_ASKS = tuple(f"{prefix}hx-{verb}" for prefix in ("", "data-") for verb in ("get", "post", "put", "patch", "delete"))


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if MARK in tag or tag == "base":
            self.found.append(f"an element {tag}")
        if tag in {"script", "style"}:
            self.inside = tag
            if tag == "style" or "src" not in said:
                self.found.append(f"a {tag} of its own")
        for name, value in said.items():
            word = value.strip().lower()
            if name.startswith(("on", "hx-on", "data-hx-on")) or MARK in name:
                self.found.append(f"an attribute {name}")
            elif name in _ADDRESSES and word.startswith(("javascript:", "data:text", f"//{MARK}", f"https://{MARK}")):
                self.found.append(f"an address {value}")
            elif name in _ASKS and word.startswith(f"/{MARK}"):
                self.found.append(f"a request to {value}")
            elif name in {"hx-vals", "data-hx-vals"} and word.startswith(("js:", "javascript:")):
                self.found.append(f"values {value}")

    def handle_data(self, data: str) -> None:
        if CALCULATED in data:
            self.found.append("a template that calculates")


def alive(page: str) -> list[str]:
    """What came alive in this page; nothing is what it should be."""
    reader = _Page()
    reader.feed(page)
    reader.close()
    return reader.found
