# REQ P-18, W-03, N-01: a programme reads as plain sentences in four languages, with the figure of every parameter
import datetime as dt
import re
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from typing import Any

import pytest
from pydantic import ValidationError

from erp_club.kernel.text import Text
from erp_club.programmes import documents
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.sentences.programme import sections, sentences
from erp_club.promotions.engine.scope import Part, Scope
from tests.make.full_programmes import FULL, programmes
from tests.make.programmes import a_programme, example
from web.i18n import LANGUAGE, LANGUAGES, say

UNSAID = {"code", "kind"}
"""What names a rule to machines."""
COUPLED = {("Returns", "expired")}
"""Said by the figure that goes with it, and only with it."""


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return request.param


def said(programme: Programme, language: str = "en") -> list[str]:
    LANGUAGE.set(language)
    return [say(text) for text in sentences(programme)]


def others(value: Any) -> Iterator[Any]:
    """Other values of the same kind."""
    match value:
        case bool():
            yield not value
        case StrEnum():
            yield from (each.value for each in type(value) if each is not value)
        case int():
            yield from (value + 1, value - 1, *({1, 2, 10, 100} - {value}), value + 10_000)
        case str():
            yield from ("month", "quarter", "day", "year", "no", "receipt", "never", value + "X", "EUR", "FI")
        case dt.date():
            yield value + dt.timedelta(days=1)
        case dt.time():
            yield value.replace(minute=30)
        case dict():
            yield {"en": "Other"}
        case _:
            return


def holders() -> Iterator[tuple[Programme, list[Any], Part]]:
    """Every part of every programme, with the steps that lead to it."""
    for programme in programmes():
        for path, part in documents.every_part(programme):
            steps = [int(step) if step.isdigit() else step for step in re.findall(r"[\w-]+", path)]
            yield programme, steps, part


def changed(programme: Programme, steps: list[Any], field: str, value: Any) -> Programme | None:
    """The programme with another value there; None where the document can't say that."""
    document = documents.whole(programme)
    here: Any = document
    for step in steps:
        here = here[step]
    here[field] = value
    try:
        return Programme.model_validate(document)
    except ValidationError:
        return None


def hidden_in(before: tuple[Text, ...], after: tuple[Text, ...]) -> list[str]:
    """The languages in which both read the same; only what lies between the same beginning and end is said."""
    first = next(
        (i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
    )
    end = 0
    while end < min(len(before), len(after)) - first and before[-1 - end] == after[-1 - end]:
        end += 1
    old, new = before[first : len(before) - end], after[first : len(after) - end]
    return [language for language in LANGUAGES if read_in(language, old) == read_in(language, new)]


def read_in(language: str, texts: tuple[Text, ...]) -> list[str]:
    LANGUAGE.set(language)
    return [say(text) for text in texts]


@cache
def looked_at() -> tuple[dict[tuple[str, str], int], list[str]]:
    """By kind of part and parameter, how many changes were seen; and the changes that were not, in each language."""
    seen: dict[tuple[str, str], int] = {}
    unseen: list[str] = []
    done: set[tuple[str, str, str]] = set()
    read, before = None, ()
    for programme, steps, part in holders():
        if programme is not read:
            read, before = programme, sentences(programme)
        for name, info in type(part).model_fields.items():
            value = getattr(part, name)
            key = (type(part).__name__, name)
            if name in UNSAID or isinstance(value, Part) or (*key, repr(value)) in done:
                continue
            choices = list(others(value))
            if isinstance(value, tuple) and value and not isinstance(value[0], Part):
                choices += [[each, *value[1:]] for each in others(value[0])]
            if not info.is_required() and value is not None:
                choices.insert(0, info.get_default(call_default_factory=True))
            for choice in choices:
                if choice == value or (isinstance(choice, tuple) and choice == value):
                    continue
                other = changed(programme, steps, name, choice)
                if other is None:
                    continue
                done.add((*key, repr(value)))
                hidden = hidden_in(before, sentences(other))
                if hidden:
                    unseen.append(f"{key}: {value!r} -> {choice!r} at {steps} in {hidden}")
                else:
                    seen[key] = seen.get(key, 0) + 1
                if not isinstance(value, StrEnum | bool):
                    break
    return seen, unseen


def kinds(base: type[Part] = Part) -> Iterator[type[Part]]:
    for kind in base.__subclasses__():
        if kind.__module__.startswith("erp_club.programmes.") or kind is Scope:
            yield kind
        yield from kinds(kind)


def test_whatever_changes_is_read_in_another_sentence():
    assert looked_at()[1] == []


def test_every_parameter_of_every_rule_was_changed():
    seen = looked_at()[0]
    held = {(type(part).__name__, name) for *_, part in holders() for name in type(part).model_fields}
    parts = {
        (type(part).__name__, name)
        for *_, part in holders()
        for name in type(part).model_fields
        if isinstance(getattr(part, name), Part) or _of_parts(getattr(part, name))
    }
    wanted = {
        (kind.__name__, name)
        for kind in kinds()
        for name in kind.model_fields
        if kind.__name__ not in {"EarnRule", "_Length"} and name not in UNSAID
    }
    assert sorted(wanted - held) == []
    assert sorted(wanted - parts - seen.keys() - COUPLED) == []


def _of_parts(value: Any) -> bool:
    return isinstance(value, tuple) and bool(value) and isinstance(value[0], Part)


def test_every_sentence_is_whole_in_every_language(language: str):
    for programme in programmes():
        for text in said(programme, language):
            bare = re.sub("\u2068[^\u2069]*\u2069", "", text)
            assert "%(" not in text, text
            assert "Text(" not in text, text
            assert language != "he" or not re.search(r"[A-Za-z]{3,}", bare.replace("ILS", "")), text


def test_every_sentence_is_translated(language: str):
    english = {text for programme in programmes() for text in said(programme)}
    if language != "en":
        same = {text for programme in programmes() for text in said(programme, language)} & english
        bare = {re.sub("\u2068[^\u2069]*\u2069", "", text) for text in same}
        assert not [text for text in bare if re.search(r"[A-Za-z]{4,}", text)]


def test_what_is_not_set_is_not_mentioned():
    named = {section.part for section in sections(a_programme())}
    assert named == {"programme", "joining", "term", "channels"}
    assert {"fees", "levels", "redemption"} & {section.part for section in sections(a_programme())} == set()
    assert len(said(Programme.model_validate(FULL))) > 200


def test_bagel_cafe_reads_as_it_would_be_printed():
    text = re.sub("[\u2068\u2069]", "", " ".join(said(example("bagel_cafe"))))
    assert "Joining costs ₪20.00. Renewing costs ₪20.00. 7 points for ₪100.00 paid." in text
    assert "Only with a balance of 30 points. At most 200 points a visit." in text
    assert "For the member's birthday: ₪50.00 off a purchase. In the month of the birthday." in text
    assert "30% off the whole purchase. In the month of that day." in text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("he", ("אפשר להצטרף בסניפים.", "7 נקודות על", "ששולמו.", "בחודש יום ההולדת.")),
        ("fi", ("Liittyä voi myymälöissä.", "alennusta koko ostoksesta")),
        ("sv", ("Anmälan görs i butikerna.", "rabatt på hela köpet")),
    ],
)
def test_places_and_whole_purchases_are_said_without_a_colon(language: str, words: tuple[str, ...]):
    text = re.sub("[\u2066-\u2069]", "", " ".join(said(example("bagel_cafe"), language)))
    assert all(each in text for each in words), text
