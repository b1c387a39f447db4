"""What the guided form of a programme shows: its fields with what is typed, and the sentences of what can be read."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import N_, T
from erp_club.permissions.catalog import Permission
from erp_club.programmes import documents, queries
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.fee_products.commands import needs_product
from erp_club.reports.what_if import by_rate
from web import i18n
from web.deps import Act
from web.formats import sign_of
from web.forms import FormState, nest
from web.i18n import translate
from web.offer_forms.reading import check_texts
from web.programme_forms import deeds
from web.programme_forms.layout import Block, Button, layout, visible
from web.programme_forms.paths import Document, at, bare, parent, put, rows, steps
from web.programme_forms.places import at_fields
from web.programme_forms.typed import blank, opened, overlaid, written
from web.programme_reading import read_programme
from web.views.clubs import club_line
from web.views.programmes import SectionLine, Warned, section_lines

_MOST_FAULTS = 30
_NOT_OFFERED = {"convert": N_("Are converted"), "day": N_("From a day on"), "freeze": N_("Are frozen for some months")}
"""What a document can say where the form doesn't offer it, since it needs more than a choice."""


class FieldLine(BaseModel):
    """A field of the form: its name is its place in the document; `warnings` are what a check finds there.

    `unit` is in what it is typed: the currency's sign, or the one of percent. One that `starts` begins a row.
    `focus`: somebody has asked for it just now, and goes on there.
    """

    name: str
    label: str
    control: str
    hint: str | None = None
    options: list[tuple[str, str]] = []
    optional: bool = False
    warnings: list[str] = []
    focus: bool = False
    unit: str | None = None
    starts: bool = False


class ButtonLine(BaseModel):
    """A button that draws the form again: what it does to the document, and how it is called."""

    do: str
    label: str


class BlockLine(BaseModel):
    """A rule of the form with its fields; `path` is its place, empty where it can't be taken away.

    `follows`: it stands behind another one and can change places with it.
    """

    title: str
    path: str
    follows: bool
    fields: list[FieldLine]
    adds: list[ButtonLine]
    takes: list[ButtonLine]


class SectionForm(BaseModel):
    """A heading of the form and what stands under it."""

    id: str
    title: str
    about: str
    blocks: list[BlockLine]
    adds: list[ButtonLine]


class ProgrammeForm(BaseModel):
    """The form of a programme: the document so far, what it asks, and what it says in sentences.

    `club_id` is null for a club that isn't there yet. `needed` are the languages in which its name is asked: one of
    them is enough.
    """

    club_id: int | None = None
    club_names: dict[str, str] = {}
    currency: str
    needed: list[str]
    document: Document
    base: str = ""
    sections: list[SectionForm] = []
    says: list[SectionLine] = []
    warnings: list[Warned] = []
    faults: dict[str, list[str]] = Field(default_factory=dict[str, list[str]], exclude=True)


def new_form(act: Act, form: FormState, document: Document | None = None) -> ProgrammeForm:
    """The form of a new club, blank or with what is typed."""
    return _drawn(act, form, document or blank(act.chain.currency), None)


def edit_form(act: Act, form: FormState, club_id: int, document: Document | None = None) -> ProgrammeForm:
    """The form of a club's newest version, or of what is typed. Raises NotFound."""
    if document is None:
        document = kept(act, club_id)
    return _drawn(act, form, document, club_id)


def kept(act: Act, club_id: int) -> Document:
    """The newest version of a club as the form takes it; one without a programme begins with what it does now.

    Its first day is asked anew where it has come: what is changed now holds from now on.
    """
    club = club_line(act, club_id)
    held = queries.versions_of(act.session, club_id)
    programme = held[0].programme if held else by_rate(act.session, club.code)
    assert programme is not None
    document = opened(documents.brief(programme))
    said = opened(documents.whole(programme))
    for ask in list(visible(document)):
        # A usual value is left out of the document; in a field that has to be filled in it would look forgotten.
        if ask.control in {"number", "amount"} and not ask.optional and at(document, ask.name) is None:
            put(document, ask.name, at(said, ask.name))
    first = programme.switch.effective_from
    if first is not None and first <= act.today:
        put(document, "switch.effective_from", None)
    return document


def copied(act: Act, club_id: int) -> Document:
    """The rules of a club as those of a new one: without its code and names, and the products of its fees."""
    document = kept(act, club_id)
    document |= {"code": "", "names": {}}
    for path in ("fees.joining_product", "fees.renewal_product", "switch"):
        put(document, path, None)
    return document


def typed_document(form: Mapping[str, Any]) -> tuple[Document, Invalid | None]:
    """The document that a posted form says, and what in it can't be read."""
    check_texts({name: value for name, value in form.items() if name != "base"})
    base = _base(form.get("base"))
    made, faults = overlaid(base, form)
    return made, Invalid(faults) if faults else None


def typed_again(form: FormState) -> Document | None:
    """What was typed, where the form comes back with a refusal."""
    try:
        return overlaid(_base(form.values.get("base")), nest(list(form.values.items()), rows=True))[0]
    except Invalid:
        return None


def begun(view: ProgrammeForm, deed: str, before: Document) -> ProgrammeForm:
    """The form with the first field of what a button has added, or looked at again, as the one to go on in."""
    verb, _, rest = deed.partition("|")
    path = rest.partition("|")[0]
    if verb == "more":
        known = {each.name for each in visible(before)}
        new = (each for section in view.sections for block in section.blocks for each in block.fields)
        first = next((each for each in new if each.name not in known), None)
        if first is not None:
            first.focus = True
        return view
    if verb == "up":
        path = deeds.before(path)
    if verb in {"add", "row"}:
        path = f"{path}[{len(rows(view.document, path)) - 1}]"
    if verb in {"add", "row", "on", "look", "up"} and path:
        fields = (each for section in view.sections for block in section.blocks for each in block.fields)
        names = (f"{path}.", f"{path}[")
        first = next((each for each in fields if each.name == path or each.name.startswith(names)), None)
        if first is not None:
            first.focus = True
    return view


def after(document: Document, deed: str) -> Document:
    """The document after one of the form's buttons."""
    return deeds.done(document, deed)


def _base(text: Any) -> Document:
    try:
        made = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        made = None
    if not isinstance(made, dict):
        raise Invalid([FieldError("base", T("This field is required."))])
    check_texts(made)
    return made


def _drawn(act: Act, form: FormState, document: Document, club_id: int | None) -> ProgrammeForm:
    typed = {name: value for name, value in form.values.items() if name != "base"} if form.errors else {}
    form.values = written(document) | {name: value for name, value in typed.items() if name not in {"do", "form"}}
    form.errors = at_fields(document, form.errors)
    read = as_far_as_it_can_be_read(document)
    warned = form.warnings = _warned(act, document, read)
    units = {"amount": sign_of(act.chain.currency), "percent": "%"}
    return ProgrammeForm(
        club_id=club_id,
        club_names=club_line(act, club_id).names if club_id else {},
        currency=act.chain.currency,
        needed=list(dict.fromkeys([act.chain.language, i18n.LANGUAGE.get()])),
        document=bare(document),
        base=json.dumps(document, ensure_ascii=False),
        sections=[
            SectionForm(
                id=each.id,
                title=translate(each.title),
                about=translate(each.about) if each.about else "",
                blocks=[_block(block, form.values, warned, units) for block in each.blocks],
                adds=_buttons(each.adds),
            )
            for each in layout(document)
        ],
        says=section_lines(act, read) if read else [],
        warnings=[Warned(path=place, text=text) for place, texts in warned.items() for text in texts],
    )


def _warned(act: Act, document: Document, read: Programme | None) -> dict[str, list[str]]:
    """What a check finds, in words, by the field at which it stands.

    What can't be read yet was left out of what is checked, so that its other rules may have moved up: then only
    what is said of no list keeps its place.
    """
    whole = read is not None and _is_whole(document)
    found: dict[str, list[str]] = {}
    opened_for_it = read is not None and needs_product(read) and act.by.may(Permission.CATALOGUE_EDIT)
    for each in queries.warnings(act.session, read) if read else ():
        if opened_for_it and each.path == "fees.joining_product":
            continue
        found.setdefault(each.path if whole or "[" not in each.path else "", []).append(i18n.say(each.text))
    return at_fields(document, found)


def _is_whole(document: Document) -> bool:
    """Whether all of it can be read, but for what the club is called."""
    try:
        read_programme({**bare(document), "code": "CLUB", "names": {"en": "Club"}})
    except Invalid:
        return False
    return True


def _block(
    block: Block, values: Mapping[str, Any], warned: Mapping[str, list[str]], units: Mapping[str, str]
) -> BlockLine:
    fields: list[FieldLine] = []
    for ask in block.asks:
        options = [(value, translate(label)) for value, label in ask.options]
        held = values.get(ask.name)
        if ask.control in {"select", "choice", "kind"} and held and held not in {value for value, _ in options}:
            options.append((str(held), translate(_NOT_OFFERED.get(str(held), str(held)))))
        hint = translate(ask.hint) if ask.hint else None
        fields.append(
            FieldLine(
                name=ask.name, label=translate(ask.label), control=ask.control, hint=hint, options=options,
                optional=ask.optional, warnings=warned.get(ask.name, []), unit=units.get(ask.control),
                starts=ask.starts or ask.control == "kind",
            )
        )  # fmt: skip
    title = translate(block.title) if block.title else ""
    return BlockLine(
        title=title,
        path=block.path,
        follows=deeds.follows(block.path),
        fields=fields,
        adds=_buttons(block.adds),
        takes=_buttons(block.takes),
    )


def _buttons(buttons: list[Button] | tuple[Button, ...]) -> list[ButtonLine]:
    return [ButtonLine(do=each.do, label=translate(each.label)) for each in buttons]


def as_far_as_it_can_be_read(document: Document) -> Programme | None:
    """The programme without the rules that aren't whole yet, so that somebody reads what they have while they type."""
    made: Document = json.loads(json.dumps(bare(document)))
    if not made.get("code"):
        made["code"] = "CLUB"
    if not made.get("names"):
        made["names"] = {"en": made["code"]}
    for _ in range(_MOST_FAULTS):
        try:
            return read_programme(made)
        except Invalid as error:
            if not _without(made, error.fields[0].field):
                return None
    return None


def _without(document: Document, path: str) -> bool:
    """Take away the rule that a fault is in, else the part; whether there was something to take."""
    here = path
    while here and not here.endswith("]"):
        here = parent(here)
    place = here or path
    if at(document, place) is None:
        place = str(steps(path)[0]) if steps(path) else ""
    if not place or (place not in {here, path} and place not in document):
        return False
    put(document, place, None)
    return True
