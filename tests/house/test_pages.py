"""Templates and static files: no inline code, writing in both directions, small."""

import gzip
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.house import tree

JINJA = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}", re.DOTALL)
TRANS = re.compile(r"{%-?\s*trans\b.*?{%-?\s*endtrans\s*-?%}", re.DOTALL)
WORD = re.compile(r"\b(?![A-Z]+\b)[^\W\d_]{2,}")  # CSV and PIN are the same everywhere
CLASSES = re.compile(r"{% block bodycls %}.*?{% endblock %}")
ATTRIBUTES = re.compile(r"""[\w-]+="[^"]*"(\s+autofocus)?""")
INLINE = {
    "a script in the page": re.compile(r"<script(?![^>]*\ssrc=)", re.IGNORECASE),
    "a style sheet in the page": re.compile(r"<style\b", re.IGNORECASE),
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "an on… attribute": re.compile(r"<[^>]*\s(on[a-z]+|hx-on[:\w-]*)\s*=", re.IGNORECASE),
    "a javascript: address": re.compile(r"javascript:", re.IGNORECASE),
}
# Numbers are read from the left in all four languages, so their column ends on the right in all of them.
PHYSICAL = re.compile(r"(?<![\w-])(?:left|right)(?![\w])|-(?:left|right)\b")
NUMERIC = re.compile(r"text-align\s*:\s*right\b")
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def _templates() -> tuple[Path, ...]:
    return tree.files("web/templates", ".html")


def _static(suffix: str) -> tuple[Path, ...]:
    return tuple(p for p in tree.files("web/static", suffix) if ".min." not in p.name)


@pytest.mark.parametrize("fault", INLINE)
def test_a_template_holds_no_inline_code(fault: str):
    wrong = [tree.name(p) for p in _templates() if INLINE[fault].search(JINJA.sub("x", p.read_text(encoding="utf-8")))]
    assert not wrong, f"The content security policy blocks {fault}: {wrong}"


def test_a_fragment_begins_with_an_element_that_has_an_id():
    first_tag = re.compile(r"<[a-z][^>]*>", re.IGNORECASE)
    wrong: list[str] = []
    for path in _templates():
        tag = first_tag.search(JINJA.sub("x", path.read_text(encoding="utf-8")))
        if path.name.startswith("_") and (tag is None or not re.search(r"\sid=", tag[0])):
            wrong.append(tree.name(path))
    assert not wrong, f"htmx swaps a fragment by the id of its root element: {wrong}"


def test_a_template_asks_a_form_only_for_what_may_be_missing():
    asked = re.compile(r"form\.(?:values|errors)(?:\.(?!(?:get|items|keys|values)\b)\w+|\[)")
    wrong = [tree.name(p) for p in _templates() if asked.search(p.read_text(encoding="utf-8"))]
    assert not wrong, f"A form that wasn't sent, or not whole, has no such field, and the page would fail: {wrong}"


def test_our_style_sheets_know_start_and_end_only():
    wrong = [
        f"{tree.name(path)}: …{css[max(0, hit.start() - 30) : hit.end() + 10]}…"
        for path in _static(".css")
        for css in [NUMERIC.sub("", COMMENT.sub("", path.read_text(encoding="utf-8")))]
        for hit in PHYSICAL.finditer(css)
    ]
    assert not wrong, f"Use inline-start and inline-end, for Hebrew: {wrong}"


def _sizes(suffix: str) -> dict[str, int]:
    """How large our files are on their way, by name."""
    return {p.name: len(gzip.compress(p.read_bytes())) for p in _static(suffix)}


def test_our_style_sheets_stay_small():
    sizes = _sizes(".css")
    assert sum(sizes.values()) <= 15 * 1024, f"compressed: {sizes}"


def test_the_scripts_of_every_page_stay_small():
    sizes = _sizes(".js")
    assert sizes.keys() == {"app.js", "till.js", "sign-on.js"}, "a page has app.js and one more at most"
    shared = sizes.pop("app.js")
    assert shared + max(sizes.values()) <= 8 * 1024, f"compressed: {sizes} beside {shared}"


class _Words(HTMLParser):
    """Collects what a person would read of a template that is written there in plain English."""

    SEEN = frozenset({"placeholder", "title", "alt", "aria-label", "aria-description", "label"})
    # Names, keys and codes are the same in every language.
    UNTRANSLATED = frozenset({"kbd", "code"})

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside.append(tag)
        self.words += [value for name, value in attrs if name in self.SEEN and value and WORD.search(value)]

    def handle_endtag(self, tag: str) -> None:
        while tag in self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        # A macro may build the attributes of a tag outside of it.
        if WORD.search(ATTRIBUTES.sub("", data).replace("ERP Club", "")) and not self.UNTRANSLATED.intersection(
            self.inside
        ):
            self.words.append(data.strip())


def test_every_word_of_a_template_is_translated():
    wrong: dict[str, list[str]] = {}
    for path in _templates():
        parser = _Words()
        text = CLASSES.sub("", TRANS.sub("", path.read_text(encoding="utf-8")))
        parser.feed(JINJA.sub("", text))
        wrong |= {tree.name(path): parser.words} if parser.words else {}
    assert not wrong, f"Say these through _(): {wrong}"
