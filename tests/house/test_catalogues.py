"""The shop speaks four languages, completely. `make catalogues` brings new sentences into the catalogues."""

import pytest
from babel.messages import Message

from tests.house import catalogues

Sentence = str | tuple[str, ...]


def test_every_sentence_is_said_in_every_language():
    found = [f"{language}: {problem}" for language in catalogues.PLURALS for problem in catalogues.problems(language)]
    assert not found, f"{len(found)} problems, the first of them:\n" + "\n".join(found[:30])


@pytest.mark.parametrize(
    ("language", "english", "translation", "fault"),
    [
        ("fi", "Points: %(n)s", "Pisteet: %(m)s", "other placeholders"),
        ("fi", "Points: %(n)s", "Pisteet", "other placeholders"),
        ("fi", "Card", "Card", "the same as the English"),
        ("sv", ("%(num)s card", "%(num)s cards"), ("%(num)s kort",), "1 plural forms instead of 2"),
        ("sv", ("%(num)s card", "%(num)s cards"), ("ett kort", "%(num)s kort"), "other placeholders"),
        ("he", ("%(num)s card", "%(num)s cards"), ("כרטיס אחד", "שני כרטיסים", "כרטיסים"), "other placeholders"),
        ("he", "Up to %(n)s%%", "עד %(n)s%", "% and %%"),
        ("he", "Card ", "כרטיס", "white space"),
        ("sv", "Card", "כרטיס", "Hebrew in another language"),
        ("he", "“%(club)s”", "“%(club)s”", "quotation marks"),
    ],
)
def test_a_bad_translation_is_found(language: str, english: Sentence, translation: Sentence, fault: str):
    found = catalogues.faults(language, Message(english, translation))
    assert len(found) == 1
    assert fault in found[0]


def test_hebrew_says_one_and_two_in_words():
    message = Message(("%(num)s card", "%(num)s cards"), ("כרטיס אחד", "שני כרטיסים", "%(num)s כרטיסים"))
    assert not catalogues.faults("he", message)


def test_the_sentences_of_code_and_templates_are_found():
    found = catalogues.extracted()
    assert len(found) > 10
