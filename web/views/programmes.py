"""A club's programme as people see it: sentences by section, its versions, and the document itself."""

import datetime as dt
import json
from typing import Any

from pydantic import BaseModel

from erp_club.programmes import documents, errors, queries
from erp_club.programmes.engine.checks import Finding
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.queries import VersionRow
from erp_club.programmes.sentences.programme import sections
from erp_club.promotions.clauses import Names
from erp_club.promotions.documents import Thing
from erp_club.promotions.naming import queries as naming
from erp_club.reports.what_if import by_rate
from web import i18n
from web.deps import Act
from web.forms import FormState
from web.i18n import translate
from web.programme_forms.layout import visible
from web.programme_forms.places import shown_at
from web.programme_forms.typed import opened
from web.views.clubs import ClubLine, club_line


class SectionLine(BaseModel):
    """A heading of the programme and the sentences under it, in the reader's language.

    Beside another version: which of them are `new`, and which of that version's are `gone`.
    """

    part: str
    title: str
    sentences: list[str]
    new: list[str] = []
    gone: list[str] = []


class VersionLine(BaseModel):
    """A version, and from which day it holds."""

    version_no: int
    effective_from: dt.date
    in_force: bool


class Warned(BaseModel):
    """What is probably a slip, at its place in the document: the form's `field` there, and what that is called."""

    path: str
    text: str
    field: str = ""
    label: str = ""


class ProgrammePage(BaseModel):
    """A club's programme: the latest version in sentences and as a document. Empty where there is none.

    Where somebody asks for a version, it is that one, and its sentences beside those of the one before it.
    """

    club: ClubLine
    version_no: int | None = None
    compared_with: int | None = None
    sections: list[SectionLine]
    versions: list[VersionLine]
    warnings: list[Warned]
    document: dict[str, Any]
    as_json: str


def programme_page(act: Act, club_id: int, form: FormState, version_no: int | None = None) -> ProgrammePage:
    """The page; what is typed in the form stands in its field again. Raises NotFound for an unknown club or version."""
    club = club_line(act, club_id)
    rows = queries.versions_of(act.session, club_id)
    shown = [each for each in rows if version_no in {None, each.version_no}]
    if version_no is not None and not shown:
        raise errors.no_such_version()
    read = shown[0].programme if shown else None
    before = next((each for each in rows if version_no is not None and each.version_no < version_no), None)
    said = section_lines(act, read) if read else []
    # A club that was set up without a document begins with what it does now.
    written = read or by_rate(act.session, club.code)
    document = documents.brief(written) if written else {}
    typed = form.values.get("document")
    told = queries.warnings(act.session, read) if read else ()
    return ProgrammePage(
        club=club,
        version_no=version_no,
        compared_with=before.version_no if before else None,
        sections=compared(said, section_lines(act, before.programme)) if before else said,
        versions=_versions(rows, act.today),
        warnings=_at_their_fields(document, told),
        document=document,
        as_json=typed if isinstance(typed, str) else json.dumps(document, ensure_ascii=False, indent=2),
    )


def compared(now: list[SectionLine], before: list[SectionLine]) -> list[SectionLine]:
    """The sentences of one version, with those that the one before it hadn't, and those that it had."""
    held = {each.part: each for each in before}
    made: list[SectionLine] = []
    for each in now:
        old = held.pop(each.part).sentences if each.part in held else []
        new = [text for text in each.sentences if text not in old]
        made.append(each.model_copy(update={"new": new, "gone": [text for text in old if text not in each.sentences]}))
    return [*made, *(each.model_copy(update={"sentences": [], "gone": each.sentences}) for each in held.values())]


def _at_their_fields(document: dict[str, Any], told: tuple[Finding, ...]) -> list[Warned]:
    labels = {each.name: translate(each.label) for each in visible(opened(document))} if told else {}
    made: list[Warned] = []
    for each in told:
        field = shown_at(each.path, [*labels])
        made.append(Warned(path=each.path, text=i18n.say(each.text), field=field, label=labels.get(field, "")))
    return made


def section_lines(act: Act, read: Programme) -> list[SectionLine]:
    """The sentences, with the names of what they name."""
    return [
        SectionLine(part=each.part, title=i18n.say(each.title), sentences=[i18n.say(text) for text in each.sentences])
        for each in sections(read, _names(act, read))
    ]


def _names(act: Act, read: Programme) -> Names:
    keys: set[tuple[Thing, str]] = set()
    fields = {
        "products": Thing.PRODUCT, "without_products": Thing.PRODUCT, "stores": Thing.STORE,
        "without_stores": Thing.STORE, "not_with_clubs": Thing.CLUB, "batch": Thing.BATCH,
    }  # fmt: skip
    for _, part in documents.every_part(read):
        for name, thing in fields.items():
            value = getattr(part, name, ())
            keys |= {(thing, key) for key in ((value,) if isinstance(value, str) else value)}
    return naming.called(act.session, keys)


def _versions(rows: list[VersionRow], today: dt.date) -> list[VersionLine]:
    begun = [each for each in rows if each.effective_from <= today]
    live = max(begun, key=lambda each: (each.effective_from, each.version_no), default=None)
    return [
        VersionLine(version_no=each.version_no, effective_from=each.effective_from, in_force=each is live)
        for each in rows
    ]
