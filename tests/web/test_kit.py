"""The macros that pages are made of: what they promise to a reader, a keyboard and a screen reader."""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from erp_club.points.units import POINTS
from tests.house import tree
from web import i18n
from web.forms import FormState
from web.templating import ENVIRONMENT, STATIC


def draw(source: str, language: str = "en", **values: Any) -> str:
    """A piece of template in a language."""
    token = i18n.LANGUAGE.set(language)
    try:
        return ENVIRONMENT.from_string(source).render(**values)
    finally:
        i18n.LANGUAGE.reset(token)


@dataclass
class Listed:
    """A list of 1,204 rows on 25 pages, seen at its fourth."""

    sort: str = "name"
    direction: str = "asc"
    page: int = 4
    pages: int = 25
    total: int = 1204
    per_page: int = 50
    more: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def url(self, **changes: Any) -> str:
        self.asked.append(changes)
        return "?" + "&".join(f"{name}={value}" for name, value in changes.items())


WRONG = FormState(values={"mobile": "05", "pin": "2580"}, errors={"mobile": ["Too short."], "": ["The card is taken."]})


def test_a_wrong_field_keeps_what_was_typed_and_says_what_is_wrong():
    html = draw("{{ ui.field(form, 'mobile', 'Mobile', 'tel', hint='052…') }}", form=WRONG)
    assert 'value="05"' in html
    assert 'aria-invalid="true" aria-describedby="e-f-mobile h-f-mobile"' in html
    assert re.search(r'id="e-f-mobile".*Too short\.', html)


def test_the_first_wrong_field_takes_the_focus_without_script():
    form = FormState(errors={"mobile": ["Too short."], "email": ["No @."]})
    html = draw(
        "{{ ui.field(form, 'name', 'Name', autofocus=True) }}{{ ui.field(form, 'mobile', 'Mobile') }}", form=form
    )
    assert html.count("autofocus") == 1
    assert re.search(r'name="mobile"[^>]*autofocus', html)


def test_a_pin_is_never_sent_back():
    assert "2580" not in draw("{{ ui.field(form, 'pin', 'PIN', 'password') }}", form=WRONG)


def test_the_summary_leads_to_each_wrong_field():
    html = draw("{{ ui.errors(form, {'mobile': 'Mobile'}) }}", form=WRONG)
    assert '<a href="#f-mobile">Mobile: Too short.</a>' in html
    assert "<p>The card is taken.</p>" in html
    assert draw("{{ ui.errors(form) }}", form=FormState()).strip() == ""


def test_a_nested_field_has_an_id_that_a_link_can_name():
    html = draw("{{ ui.field(form, 'lines[0].sku', 'Item') }}", form=FormState())
    assert 'id="f-lines-0-sku" name="lines[0].sku"' in html


@pytest.mark.parametrize(("held", "on"), [("true", True), (True, True), ("on", True), ("false", False), (None, False)])
def test_a_box_is_ticked_as_it_was(held: object, on: bool):
    form = FormState(values={} if held is None else {"sms": held})
    assert (" checked" in draw("{{ ui.check(form, 'sms', 'SMS') }}", form=form)) is on


def test_a_choice_is_kept_whether_number_or_word():
    source = "{{ ui.select(form, 'store', 'Store', [(1, 'Haifa'), (2, 'Kamppi')], blank='All') }}"
    for chosen in (2, "2"):
        html = draw(source, form=FormState(values={"store": chosen}))
        assert html.count("selected") == 1
        assert '<option value="2" selected>Kamppi</option>' in html


def test_other_peoples_words_stay_words():
    html = draw(
        "{{ ui.field(form, 'name', 'Name') }}{{ ui.title(name) }}", form=FormState({"name": '"><b>'}), name="<i>"
    )
    assert "<b>" not in html
    assert "<i>" not in html


def test_every_posted_form_has_a_key_of_its_own():
    keys = re.findall(r'value="(\w+)"', draw("{{ ui.key() }}{{ ui.key() }}"))
    assert len(set(keys)) == 2


def test_a_sorted_column_says_so_and_turns_around():
    listed = Listed()
    html = draw("{{ ui.th_sort('Name', 'name', s) }}{{ ui.th_sort('Points', 'points', s, first='desc') }}", s=listed)
    assert html.count("aria-sort") == 1
    assert 'aria-sort="ascending"' in html
    assert listed.asked == [
        {"sort": "name", "direction": "desc", "page": 1},
        {"sort": "points", "direction": "desc", "page": 1},
    ]


def test_the_pager_names_the_rows_and_the_neighbouring_pages():
    html = draw("{{ ui.pager(s) }}", s=Listed())
    assert re.sub(r"<[^>]+>", "", html).split()[:3] == ["151–200", "of", "1,204"]
    assert re.findall(r"\?page=(\d+)", html) == ["3", "1", "3", "4", "5", "25", "5"]
    assert html.count('aria-current="page"') == 1


def test_the_last_page_ends_with_the_last_row():
    html = draw("{{ ui.pager(s) }}", s=Listed(page=25))
    assert re.sub(r"<[^>]+>", "", html).split()[:3] == ["1,201–1,204", "of", "1,204"]
    assert draw("{{ ui.pager(s) }}", s=Listed(total=0, pages=0)).strip() == ""
    assert "of more than" in draw("{{ ui.pager(s) }}", s=Listed(more=True))


@pytest.mark.parametrize(("points", "drawn"), [(118, "up"), (-400, "down"), (0, "points")])
def test_points_have_a_sign_and_a_colour(points: int, drawn: str):
    html = draw("{{ ui.points(n, unit) }}", n=points, unit=POINTS)
    assert drawn in html
    assert ({118: "+118", -400: "−400", 0: "0"}[points]) in html


def test_a_chart_has_a_name_its_figures_and_no_style():
    for kind in ("line", "bars"):
        html = draw(f"{{{{ ui.chart.{kind}('Bought', ['10/26', '11/26'], [1250, -300], 'ILS') }}}}")
        assert 'role="img" aria-label="Bought"' in html
        assert "<title>10/26: ₪12.50</title>" in html
        assert re.search(r"<td>11/26</td><td class=\"r\">.*−₪3\.00", html)
        assert "style=" not in html
        assert "<bdi" not in html.split("<details")[0]


def test_an_empty_chart_is_drawn_too():
    for kind in ("line", "bars"):
        assert "<figure" in draw(f"{{{{ ui.chart.{kind}('Bought', [], []) }}}}")


def test_a_timeline_lets_its_page_write_beside_each_bar():
    rows = [SimpleNamespace(name="Gold", starts_on=date(2025, 4, 1), ends_on=None, tone="gold")]
    source = "{% call(row) ui.timeline(rows, today) %}since {{ row.starts_on|date }}{% endcall %}"
    html = draw(source, rows=rows, today=date(2026, 11, 22))
    assert 'class="span gold"' in html
    assert "since" in html


def test_the_menu_works_without_script():
    html = draw("{{ ui.menu([{'label': 'Block', 'url': '/b', 'post': True}, {'label': 'Merge', 'url': '/m'}]) }}")
    assert re.search(r'<form method="post" action="/b"><input type="hidden" name="idempotency_key"', html)
    assert '<a href="/m">Merge</a>' in html


def test_what_cant_be_undone_is_asked_about_first():
    html = draw("{{ ui.menu([{'label': 'End', 'url': '/e', 'post': True, 'icon': 'ban', 'sure': 'For good.'}]) }}")
    asked, told, form = (html.index(part) for part in ('<details class="sure">', "For good.", 'action="/e"'))
    assert asked < told < form < html.rindex("</details>", 0, html.rindex("</details>"))


@pytest.mark.parametrize(("language", "shown"), [("fi", "08.05"), ("sv", "08:05"), ("he", "08:05"), ("en", "08:05")])
def test_a_clock_is_written_as_in_the_country(language: str, shown: str):
    at = datetime(2026, 11, 27, 6, 5, tzinfo=UTC)
    assert f">{shown}<" in draw("{{ at|time('Asia/Jerusalem') }}", language, at=at)


@pytest.mark.parametrize(
    ("last", "shown"), [("תה", "קפה ותה"), ("5%", "קפה ו־5%"), ("\u2068App\u2069", "קפה ו־\u2068App\u2069")]
)
def test_the_hebrew_and_is_held_off_from_what_is_no_hebrew_word(last: str, shown: str):
    i18n.LANGUAGE.set("he")
    assert i18n.listed(["קפה", last], "and") == shown


def test_every_icon_named_in_a_template_is_in_the_sprite():
    sprite = set(re.findall(r'id="([\w-]+)"', (STATIC / "icons.svg").read_text(encoding="utf-8")))
    called = re.compile(r'\b(?:icon|picture|empty)\(\s*"([\w-]+)"|\bicon"?\s*[=:]\s*"([\w-]+)"')
    named = {
        "".join(found)
        for path in tree.files("web/templates", ".html")
        for found in called.findall(path.read_text(encoding="utf-8"))
    }
    assert len(named) > 8
    assert named <= sprite, named - sprite


def test_the_colours_can_be_read():
    root = (STATIC / "app.css").read_text(encoding="utf-8").split(":root {")[1].split("}")[0]
    tokens = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", root))
    words = [
        ("ink", "page"),
        ("muted", "page"),
        ("muted", "surface-3"),
        ("accent", "page"),
        ("accent-deep", "accent-soft"),
    ]
    words += [(tone, f"{tone}-soft") for tone in ("ok", "bad", "warn", "info", "gold")]
    words += [("surface", "accent"), ("on-dark", "dark"), ("on-dark-muted", "dark"), ("on-dark", "dark-2")]
    shapes = [("line-field", "surface"), ("focus", "page"), ("focus", "surface")]
    low = {pair for pair in words if contrast(*(tokens[name] for name in pair)) < 4.5}
    low |= {pair for pair in shapes if contrast(*(tokens[name] for name in pair)) < 3}
    assert not low, "WCAG 2.2, 1.4.3 and 1.4.11"


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours (WCAG 2.2, definition of contrast ratio)."""
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """The relative luminance of #rgb or #rrggbb (WCAG 2.2, definition of relative luminance)."""
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
