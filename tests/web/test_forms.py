# One body for a form and for JSON
import pytest
from starlette.datastructures import Headers

from erp_club.kernel.text import T
from erp_club.permissions.catalog import Permission
from erp_club.permissions.errors import not_permitted
from web.forms import nest
from web.i18n import LANGUAGE, LANGUAGES, choose, say
from web.security import is_cross_site

HOST = {"host": "club.test"}
COOKIE = HOST | {"cookie": "club_session=1"}


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ([("a", "1"), ("b", " ")], {"a": "1"}),
        ([("lines[0].sku", "x"), ("lines[2].sku", "y")], {"lines": [{"sku": "x"}, {"sku": "y"}]}),
        ([("names.he", "א"), ("names.en", "A")], {"names": {"he": "א", "en": "A"}}),
        ([("clubs[]", "1"), ("clubs[]", ""), ("clubs[]", "2")], {"clubs": ["1", "2"]}),
        ([("clubs[]", "")], {"clubs": []}),
        ([("a", "1"), ("a.b", "2")], {"a": "1"}),
        ([("_rows", "1"), ("lines[0].sku", " "), ("lines[1].sku", "y")], {"lines": [{}, {"sku": "y"}]}),
        ([("", "1"), ("[]", "2"), ("...", "3")], {"": ["2"]}),
        ([("a.b.c.d.e.f.g.h.i", "1")], {"a.b.c.d.e.f.g.h.i": "1"}),
    ],
)
def test_a_form_becomes_the_body_that_a_machine_would_send(fields: list[tuple[str, str]], body: object) -> None:
    rows = ("_rows", "1") in fields
    assert nest([each for each in fields if each[0] != "_rows"], rows=rows) == body


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        (COOKIE | {"sec-fetch-site": "same-origin"}, False),
        (COOKIE | {"sec-fetch-site": "same-site"}, True),
        (COOKIE | {"sec-fetch-site": "none"}, True),
        (COOKIE | {"origin": "https://club.test"}, False),
        (COOKIE | {"origin": "https://club.test.evil"}, True),
        (COOKIE | {"origin": "null"}, True),
        (COOKIE | {"referer": "https://club.test/x"}, False),
        (COOKIE | {"referer": "https://evil/?https://club.test"}, True),
        (COOKIE, True),
        (COOKIE | {"authorization": "Bearer k", "sec-fetch-site": "cross-site"}, True),
        (HOST | {"authorization": "Bearer k"}, False),
        (HOST | {"origin": "https://evil.test"}, True),
        (HOST | {"origin": "http://["}, True),
        (COOKIE | {"referer": "http://["}, True),
        (HOST, False),
    ],
)
def test_a_write_that_another_site_may_have_caused_is_refused(headers: dict[str, str], refused: bool) -> None:
    assert is_cross_site("POST", Headers(headers)) is refused
    assert not is_cross_site("GET", Headers(headers))


def test_what_somebody_typed_stands_in_a_sentence_of_the_other_direction_as_it_was_typed():
    # REQ N-01: a minus stays before its number, and a number behind a Hebrew name stays behind it
    price, known = T("The price %(value)s is below 0.", value="-5.00"), T("“%(value)s” stands already.", value="נועה 2")
    reader = LANGUAGE.set("he")
    try:
        assert "\u2068-5.00\u2069" in say(price)
    finally:
        LANGUAGE.reset(reader)
    assert say(price) == "The price -5.00 is below 0."
    assert say(known) == "“\u2068נועה 2\u2069” stands already."


@pytest.mark.parametrize(
    ("cookie", "accepted", "language"),
    [
        ("sv", "he", "sv"),
        (None, "he-IL,he;q=0.9,en;q=0.8", "he"),
        (None, "iw-IL", "he"),
        (None, "fi", "fi"),
        (None, "de,sv;q=0.5", "sv"),
        (None, "", "en"),
        ("xx", "zz;q=1,,;", "en"),
    ],
)
def test_the_reader_chooses_the_language_then_the_browser(cookie: str | None, accepted: str, language: str) -> None:
    assert choose(cookie, accepted) == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_that_stands_in_another_one_leaves_it_the_full_stop(language: str) -> None:
    """As what somebody may not do stands in the middle of the refusal, in quotation marks."""
    token = LANGUAGE.set(language)
    try:
        said = say(not_permitted(Permission.PEOPLE_MERGE).text)
    finally:
        LANGUAGE.reset(token)
    assert said.count(".") == 2, said
