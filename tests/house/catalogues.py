"""The sentences of the code and their translations.

`make catalogues` takes new sentences into `web/locale/*/LC_MESSAGES/messages.po` and counts what is untranslated;
`make catalogues PRUNE=--prune` also drops translations of sentences that are gone.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

from tests.house.tree import ROOT

LOCALES = ROOT / "web" / "locale"
SAME_AS_ENGLISH = LOCALES / "same_as_english.txt"
# Babel gives Hebrew two forms; its dual ("two points" in one word) is a third.
PLURALS = {
    "he": "nplurals=3; plural=(n==1 ? 0 : n==2 ? 1 : 2);",
    "fi": "nplurals=2; plural=(n != 1);",
    "sv": "nplurals=2; plural=(n != 1);",
}
# Forms that may say their number in words, without `num`.
NUMBER_IN_WORDS = {"he": {0, 1}, "fi": set[int](), "sv": set[int]()}
KEYWORDS = DEFAULT_KEYWORDS | {"_": None, "T": None, "TN": (1, 2), "N_": None}
OTHER_QUOTES = {"he": "“”„", "fi": "“„", "sv": "“„"}
HEBREW = re.compile("[\u05d0-\u05ea]")
PLACEHOLDER = re.compile(r"%\((\w+)\)[#0 +-]*[\d.]*([a-z])")


def path(language: str) -> Path:
    """Where the language's catalogue stands."""
    return LOCALES / language / "LC_MESSAGES" / "messages.po"


@cache
def extracted() -> Catalog:
    """Every sentence that the code and the templates say, with the files that say it."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    found = Catalog(charset="utf-8")
    for file, _line, message, comments, context in extract_from_dir(
        ROOT, methods, options, keywords=KEYWORDS, comment_tags=("Translators:",), strip_comment_tags=True
    ):
        found.add(message, locations=[(Path(file).as_posix(), 0)], auto_comments=comments, context=context)
    return found


def read(language: str) -> Catalog:
    """The language's catalogue as it stands; an empty one where there is none yet."""
    text = path(language).read_bytes() if path(language).exists() else _header(language)
    return read_po(BytesIO(text), locale=language, charset="utf-8")


def _header(language: str) -> bytes:
    return "\n".join(
        [
            'msgid ""',
            'msgstr ""',
            f'"Language: {language}\\n"',
            '"MIME-Version: 1.0\\n"',
            '"Content-Type: text/plain; charset=utf-8\\n"',
            '"Content-Transfer-Encoding: 8bit\\n"',
            f'"Plural-Forms: {PLURALS[language]}\\n"',
            "\n",
        ]
    ).encode()


def write(language: str, catalogue: Catalog) -> None:
    """Write the catalogue without dates and line numbers, so that a change shows only what changed."""
    body = BytesIO()
    write_po(body, catalogue, width=110, sort_by_file=True, omit_header=True, include_lineno=False)
    path(language).parent.mkdir(parents=True, exist_ok=True)
    path(language).write_bytes(_header(language) + body.getvalue().lstrip())


def update(language: str, *, prune: bool) -> Catalog:
    """Take the sentences of the code into the language's catalogue, and write it."""
    catalogue = read(language)
    catalogue.update(extracted(), no_fuzzy_matching=True, update_creation_date=False)
    for key, message in list(catalogue.obsolete.items()):
        if prune or not any(_strings(message.string)):
            del catalogue.obsolete[key]
    write(language, catalogue)
    return catalogue


def _strings(value: str | Sequence[str] | None) -> list[str]:
    return [value or ""] if isinstance(value, str | None) else list(value)


def _placeholders(text: str) -> set[str]:
    return {f"%({name}){kind}" for name, kind in PLACEHOLDER.findall(text)}


def _percents(text: str) -> set[str]:
    return set(re.findall(r"%%|%(?!\()", text))


def _edges(text: str) -> tuple[bool, bool]:
    return text[:1].isspace(), text[-1:].isspace()


def _has_words(text: str) -> bool:
    return bool(re.search(r"[^\W\d_]", PLACEHOLDER.sub("", text)))


def same_as_english() -> dict[str, set[str]]:
    """Language to the sentences that are rightly the same: lines of `same_as_english.txt`, e.g. `sv Status`."""
    same: dict[str, set[str]] = {language: set() for language in PLURALS}
    lines = SAME_AS_ENGLISH.read_text(encoding="utf-8").splitlines() if SAME_AS_ENGLISH.exists() else []
    for line in lines:
        if line.strip() and not line.startswith("#"):
            language, _, sentence = line.partition(" ")
            same[language].add(sentence)
    return same


def faults(language: str, message: Message) -> list[str]:
    """What is wrong with one translation; nothing when it isn't there."""
    english = _strings(message.id)
    strings = _strings(message.string)
    found: list[str] = ["fuzzy"] if message.fuzzy else []
    forms = int(PLURALS[language][len("nplurals=")]) if len(english) > 1 else 1
    if len(strings) != forms:
        return [*found, f"{len(strings)} plural forms instead of {forms}"]
    for form, text in enumerate(strings):
        source = english[0] if form == 0 else english[-1]
        may_lack = {"%(num)s"} if len(english) > 1 and form in NUMBER_IN_WORDS[language] else set[str]()
        lacking = _placeholders(source) - _placeholders(text) - may_lack
        unknown = _placeholders(text) - _placeholders(english[-1]) - _placeholders(english[0])
        if lacking or unknown:
            found.append(f"other placeholders: lacks {sorted(lacking)}, has unknown {sorted(unknown)}")
        if _percents(text) != _percents(source):
            found.append("% and %% are not those of the English")
        if language != "he" and HEBREW.search(text) and not HEBREW.search(source):
            found.append("Hebrew in another language")
        if set(OTHER_QUOTES[language]) & set(text):
            found.append("quotation marks of another language")
        if _edges(text) != _edges(source):
            found.append("other white space at an end")
    if strings[0] == english[0] and _has_words(english[0]) and english[0] not in same_as_english()[language]:
        found.append("the same as the English (if rightly so, name it in same_as_english.txt)")
    return found


def is_translated(message: Message) -> bool:
    """Whether every form of the sentence has a text."""
    return all(_strings(message.string))


def problems(language: str) -> list[str]:
    """Every reason why the catalogue isn't complete, by sentence."""
    catalogue, code = read(language), extracted()
    said = {(message.id, message.context): message for message in code if message.id}
    kept = {(message.id, message.context): message for message in catalogue if message.id}
    found = [] if catalogue.plural_forms == PLURALS[language] else [f"header: Plural-Forms is not {PLURALS[language]}"]
    found += [f"missing: {key[0]!r}" for key in said.keys() - kept.keys()]
    found += [f"no longer said: {key[0]!r}" for key in kept.keys() - said.keys()]
    found += [f"obsolete: {message.id!r}" for message in catalogue.obsolete.values()]
    for key in kept.keys() & said.keys():
        if is_translated(kept[key]):
            found += [f"{fault}: {key[0]!r} -> {kept[key].string!r}" for fault in faults(language, kept[key])]
        else:
            found.append(f"untranslated: {key[0]!r}")
    english = {_strings(message.id)[0] for message in said.values()}
    found += [f"same_as_english.txt names {s!r}, which nothing says" for s in same_as_english()[language] - english]
    return sorted(found)


def main() -> None:
    """Update every catalogue and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prune", action="store_true", help="drop translations of sentences that are gone")
    parser.add_argument("--check", action="store_true", help="write nothing; list every problem")
    wanted = parser.parse_args()
    for language in PLURALS:
        if wanted.check:
            sys.stdout.writelines(f"{language}: {problem}\n" for problem in problems(language))
            continue
        catalogue = update(language, prune=wanted.prune)
        untranslated = sum(1 for message in catalogue if message.id and not is_translated(message))
        other = len(problems(language)) - untranslated
        counts = f"{len(catalogue)} sentences, {untranslated} untranslated, {other} other problems"
        sys.stdout.write(f"{language}: {counts}\n")


if __name__ == "__main__":
    main()
