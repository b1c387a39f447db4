"""What the form of an offer shows: what is typed, what that would do, and what the pickers have found."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, Field

from erp_club.clubs.queries import clubs
from erp_club.kernel.errors import Invalid
from erp_club.promotions import queries
from erp_club.promotions.clauses import Words
from erp_club.promotions.coupons.batches import queries as batches
from erp_club.promotions.documents import THINGS, Thing, lacks_a_value, named, short
from erp_club.promotions.engine.offer import Offer
from erp_club.promotions.naming import queries as naming
from erp_club.promotions.sentence import sentence
from web.deps import Act
from web.formats import localised
from web.forms import FormState, nest
from web.i18n import say, translate
from web.offer_forms import deeds, fields
from web.offer_forms.reading import read_offer
from web.offer_forms.typed import Typed, condition_rows, field_of, flatten, to_document, to_typed

Names = dict[str, str]
SCOPED = (Thing.GROUP, Thing.DEPARTMENT, Thing.BRAND, Thing.PRODUCT)


class FoundThing(BaseModel):
    """Something that a picker found: `field` is where its key goes."""

    thing: str
    key: str
    name: str
    field: str


class OfferForm(BaseModel):
    """The form of an offer. `typed` is what it holds, as people type it; `sentence` what that does.

    `offer_id` and `revision` are null for a new one. `document` is there where it is edited as JSON.
    """

    offer_id: int | None = None
    code: str = ""
    code_fixed: bool = False
    revision: int | None = None
    currency: str
    needed: list[str]
    typed: dict[str, Any] = Field(default_factory=dict[str, Any])
    document: str | None = None
    sentence: list[str] = []
    called: dict[str, str] = {}
    found: dict[str, list[FoundThing]] = {}
    batches: list[tuple[str, str]] = []

    def at(self, path: str) -> Any:
        """What is typed at a path."""
        return deeds.at(self.typed, path)

    def rows(self, path: str) -> list[Any]:
        """The rows typed at a path."""
        held = deeds.at(self.typed, path)
        return held if isinstance(held, list) else []

    def chosen(self, path: str) -> int:
        """How many things are chosen at a path and below it."""
        return sum(1 for _ in _keys(deeds.at(self.typed, path)))

    def name(self, thing: str, key: str) -> str:
        """What something is called; its key where nobody knows."""
        return self.called.get(f"{thing}|{key}", key)

    def batches_with(self, path: str) -> list[tuple[str, str]]:
        """The batches to choose among, and the one that is typed there even where it is none of them."""
        typed = self.at(path)
        known = {code for code, _ in self.batches}
        return [*self.batches, *([(typed, typed)] if isinstance(typed, str) and typed and typed not in known else [])]

    def word(self, text: str) -> str:
        """A label of the form in the reader's language; unlike a template's it may hold a percent sign."""
        return translate(text)

    @property
    def beginnings(self) -> tuple[fields.Beginning, ...]:
        """The kinds to choose among."""
        return fields.BEGINNINGS

    @property
    def asks(self) -> Any:
        """What each kind of reward and condition asks."""
        return fields

    @property
    def labels(self) -> dict[str, str]:
        """What the fields are called, by name, for the list of faults."""
        made: dict[str, str] = {}
        for path, kinds in (("rewards", fields.REWARDS), ("conditions", fields.CONDITIONS)):
            for index, row in enumerate(self.rows(path)):
                kind = row.get("kind") if isinstance(row, dict) else None
                made |= {
                    f"{path}[{index}].{ask.name}": translate(ask.label)
                    for ask in kinds.get(kind if isinstance(kind, str) else "", ())
                }
        made |= {f"limits.{ask.name}": translate(ask.label) for ask in fields.LIMITS}
        made |= {f"activation.{ask.name}": translate(ask.label) for ask in fields.COST}
        return made | {f"combination.{ask.name}": translate(ask.label) for ask in fields.COMBINATION}


def new_form(act: Act, form: FormState, typed: Typed) -> OfferForm:
    """The form of a new offer with what is typed."""
    return _drawn(act, OfferForm(currency=act.chain.currency, needed=[act.chain.language]), form, typed)


def edit_form(act: Act, form: FormState, offer_id: int, typed: Typed | None) -> OfferForm:
    """The form of an offer with what is typed, or as it stands. Raises NotFound."""
    held = queries.offer(act.session, offer_id)
    view = OfferForm(
        offer_id=offer_id,
        code=held.code,
        code_fixed=held.live is not None,
        revision=held.revision,
        currency=act.chain.currency,
        needed=[act.chain.language],
    )
    if typed is None:
        typed = to_typed(held.latest.offer)
        if condition_rows(held.latest.offer) is None:
            typed = {"document": as_json(held.latest.offer)}
    return _drawn(act, view, form, typed)


def as_json(offer: Offer) -> str:
    """The document as people read it."""
    return json.dumps(short(offer), ensure_ascii=False, indent=2)


def typed_of(form: FormState) -> Typed:
    """What somebody typed, nested; as it was sent, with nothing read."""
    return with_searches(nest(list(form.values.items())), form)


def with_searches(typed: Typed, form: FormState | None) -> Typed:
    """The same with the search fields by their own names: nested, that of the second row would become the first's.

    Rows without a word typed are left out when fields are nested, and most search fields are empty.
    """
    if form is None:
        return typed
    searches = {name.removeprefix("find."): text for name, text in form.values.items() if name.startswith("find.")}
    return {**typed, "find": {name: text for name, text in searches.items() if isinstance(text, str) and text.strip()}}


def _drawn(act: Act, view: OfferForm, form: FormState, typed: Typed) -> OfferForm:
    """The view with names, sentence and findings; the form gets its values, and its faults where its fields are."""
    form.values = dict(flatten(typed))
    form.errors = _at_fields(form.errors)
    document = typed.get("document")
    view.document = document if isinstance(document, str) else None
    view.typed = typed
    view.called = _called(act, typed)
    offer = offer_typed(typed)
    # Nobody means "0.00 off": the amount is still to come.
    view.sentence = sentence_of(act, None if offer is None or lacks_a_value(offer) else offer)
    view.found = _found(act, typed)
    view.batches = [(code, f"{localised(names)} · {code}") for code, names in batches.choices(act.session)]
    return view


def _at_fields(errors: Mapping[str, list[str]]) -> dict[str, list[str]]:
    made: dict[str, list[str]] = {}
    for path, texts in errors.items():
        made.setdefault(field_of(path), []).extend(texts)
    return made


def offer_typed(typed: Typed) -> Offer | None:
    """The offer that is typed, as far as it can be said what it does; None where it can't yet."""
    try:
        document = typed.get("document")
        as_text = isinstance(document, str)
        said = json.loads(document) if as_text else to_document(typed)
        if not isinstance(said, dict):
            return None
        return read_offer({"code": "X", "names": {}} | said, typed=not as_text)
    except (Invalid, ValueError, RecursionError):
        return None


def names_of(offer: Offer) -> Names:
    """What the offer is called, by language; its code where nobody has named it yet."""
    return {**offer.names} or {"en": offer.code}


def words_for(act: Act, *offers: Offer) -> Words:
    """What the things that these offers name are called."""
    keys = {(name.thing, name.key) for offer in offers for name in named(offer)}
    units = {club.code: club.unit for club in clubs(act.session)}
    return Words(act.chain.currency, naming.called(act.session, keys), units)


def sentence_of(act: Act, offer: Offer | None) -> list[str]:
    """What it does, in the reader's language; nothing where that can't be said yet."""
    return [] if offer is None else [say(text) for text in sentence(offer, words_for(act, offer))]


def _called(act: Act, typed: Typed) -> dict[str, str]:
    names = naming.called(act.session, set(_keys(typed)))
    return {f"{thing.value}|{key}": localised(name) for (thing, key), name in names.items()}


def _keys(typed: Any) -> Iterator[tuple[Thing, str]]:
    if isinstance(typed, dict):
        for name, value in typed.items():
            if name in THINGS:
                keys = value if isinstance(value, list) else [value]
                yield from ((THINGS[name], key) for key in keys if isinstance(key, str) and key)
            else:
                yield from _keys(value)
    elif isinstance(typed, list):
        for each in typed:
            yield from _keys(each)


def _found(act: Act, typed: Typed) -> dict[str, list[FoundThing]]:
    """What the pickers' search fields have found: `find.rewards[0].on` looks for what goes there."""
    made: dict[str, list[FoundThing]] = {}
    for path, text in list(flatten(typed.get("find") or {}))[:20]:
        if not text.strip() or len(text) > 100 or "\x00" in text:
            continue
        without = path.endswith(".without")
        things = things_at(path.removesuffix(".without"))
        made[path] = [
            FoundThing(
                thing=each.thing.value,
                key=each.key,
                name=localised(each.names),
                field=_field(path, each.thing, without=without),
            )
            for each in naming.find(act.session, text.strip(), things)
        ]
    return made


def things_at(path: str) -> tuple[Thing, ...]:
    """What a picker at this path finds."""
    name = path.rpartition(".")[2]
    if name in {"on", "of", "count_in"}:
        return SCOPED
    return (THINGS[name],) if name in THINGS else ()


def _field(path: str, thing: Thing, *, without: bool) -> str:
    if path.rpartition(".")[2] in {"on", "of", "count_in"} or without:
        return f"without_{deeds.PLURALS[thing]}" if without else deeds.PLURALS[thing]
    return path.rpartition(".")[2]


def taken_at_once(act: Act, typed: Typed) -> Typed:
    """What is typed once every search that is exactly one thing's key has taken it: a scanned code needs no click."""
    made = typed
    for path, found in _found(act, typed).items():
        exact = [each for each in found if each.key.lower() == _searched(typed, path).lower()]
        if len(exact) == 1:
            place = path.removesuffix(".without")
            if exact[0].field == place.rpartition(".")[2]:
                place = place.rpartition(".")[0]
            made = deeds.done(made, f"add|{place}|{exact[0].field}|{exact[0].key}")
    return made


def _searched(typed: Typed, path: str) -> str:
    """What is typed in the search field of a picker."""
    return dict(flatten(typed.get("find") or {})).get(path, "").strip()
