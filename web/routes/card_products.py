"""Kinds of prepaid and gift cards: the list, setting one up, changing it, selling no more of it."""

import re
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from erp_club.kernel.typed_numbers import read_scaled
from erp_club.permissions.catalog import Permission
from erp_club.stored_value.kinds import CardKind, ProductState, VatAt
from erp_club.stored_value.products import commands, queries
from erp_club.stored_value.products.settings import MOST_MINOR, MOST_MONTHS, ProductSettings
from web.deps import Act, ActRoute, needs
from web.fields import AmountText, Body, Line, SmallRowId, Word
from web.forms import FormState
from web.refusals import again
from web.views.stored_value import CardProductForm, CardProductLine, CardProductsPage, product_form, product_line

router = APIRouter(route_class=ActRoute, tags=["stored value"])
View = Annotated[Act, needs(Permission.STORED_VALUE_VIEW)]
Edit = Annotated[Act, needs(Permission.STORED_VALUE_EDIT)]
Language = Literal["he", "fi", "sv", "en"]
Names = dict[Language, Line | None]
_BETWEEN = re.compile(r"[\s;]+|,\s+")


def _words(value: Any) -> Any:
    """Several codes in one line of a form."""
    return [word for word in re.split(r"[\s;,]+", value) if word] if isinstance(value, str) else value


def _amounts(value: Any) -> Any:
    """Several amounts in one line of a form, with blanks or semicolons between them."""
    if not isinstance(value, str):
        return value
    amounts = [read_scaled(word, 2) for word in _BETWEEN.split(value.strip()) if word]
    if None in amounts:
        raise PydanticCustomError("decimal_parsing", "are no amounts with at most two places")
    return amounts


Minor = Annotated[int, Field(ge=1, le=MOST_MINOR)]
TypedMinor = Annotated[AmountText, Field(ge=1, le=MOST_MINOR)]
Articles = Annotated[list[Word], BeforeValidator(_words), Field(max_length=20)]
TypedAmounts = Annotated[
    list[Minor],
    BeforeValidator(_amounts),
    WithJsonSchema({"type": "string", "examples": ["50 100 200"]}),
    Field(max_length=20),
]


class Terms(Body):
    """What can be set of a kind of card. A machine sends amounts with `_minor`, a form as somebody types them.

    Without `valid_months` its money never ends. `articles` are the SKUs by which tills sell and load it.
    """

    kind: CardKind | None = None
    valid_months: Annotated[int, Field(ge=1, le=MOST_MONTHS)] | None = None
    vat_at: VatAt | None = None
    has_pin: bool | None = None
    amounts_minor: Annotated[list[Minor], Field(max_length=20)] | None = None
    amounts: TypedAmounts | None = None
    least_minor: Minor | None = None
    least: TypedMinor | None = None
    most_minor: Minor | None = None
    most: TypedMinor | None = None
    articles: Articles | None = None

    def given(self) -> dict[str, Any]:
        """What was said, by the names of the settings. What can't be empty stays as it is where it is left so."""
        said: dict[str, Any] = self.model_dump(exclude_unset=True, exclude={"version"})
        for typed, name in (("amounts", "amounts_minor"), ("least", "least_minor"), ("most", "most_minor")):
            if typed in said:
                said.setdefault(name, said.pop(typed))
        for name in ("amounts_minor", "articles"):
            if name in said:
                said[name] = tuple(said[name] or ())
        if said.get("names"):
            said["names"] = {language: name for language, name in said["names"].items() if name}
        if said.get("code"):
            said["code"] = said["code"].upper()
        return {name: value for name, value in said.items() if value is not None or name == "valid_months"}


class NewCardProduct(Terms):
    """A kind of card to set up. Names are needed in English and in the chain's language."""

    code: Word
    names: Names


class CardProductChange(Terms):
    """What to change of the kind as it stood at `version`; what isn't there stays."""

    version: int
    code: Word | None = None
    names: Names | None = None


@router.get("/card-products", name="card_products", response_model=CardProductsPage)
def card_products(act: View) -> Response:
    """The kinds of cards, with what lies on those that are out."""
    view = CardProductsPage(products=[product_line(row) for row in queries.products(act.session)])
    return act.answer(view, "stored_value/products.html")


def new_product_page(act: Act, form: FormState) -> Response:
    """The form of a new kind."""
    return act.answer(product_form(act, None), "stored_value/new_product.html", form=_as_typed(form))


@router.get("/card-products/new", name="card_products.new", response_model=CardProductForm)
def new_product(act: Edit) -> Response:
    """The form of a new kind."""
    return new_product_page(act, FormState())


@router.post("/card-products", name="card_products.add", status_code=201, response_model=CardProductLine)
@again(new_product_page)
def add_product(act: Edit, body: NewCardProduct) -> Response:
    """Set up a kind of card. It can be sold at once."""
    settings = ProductSettings(**body.given())
    product_id = commands.create_product(act.session, settings, chain=_chain(act), now=act.now, by=act.by)
    return _done(act, product_id)


def product_page(act: Act, form: FormState) -> Response:
    """The form of a kind's settings."""
    view = product_form(act, int(act.request.path_params["product_id"]))
    return act.answer(view, "stored_value/edit_product.html", form=_as_typed(form))


@router.get("/card-products/{product_id}/edit", name="card_products.product", response_model=CardProductForm)
def edit_form(act: Edit, product_id: SmallRowId) -> Response:  # noqa: ARG001
    """The form of a kind's settings."""
    return product_page(act, FormState())


@router.patch("/card-products/{product_id}", name="card_products.edit", response_model=CardProductLine)
@again(product_page)
def edit_product(act: Edit, product_id: SmallRowId, body: CardProductChange) -> Response:
    """Change a kind's settings; 409 `stale` if somebody else has changed them since `version`."""
    wanted = replace(queries.settings(act.session, product_id), **body.given())
    commands.change_product(
        act.session, product_id, wanted, version=body.version, chain=_chain(act), now=act.now, by=act.by
    )
    return _done(act, product_id, status=200)


@router.post("/card-products/{product_id}/closures", name="card_products.close", status_code=201,
             response_model=CardProductLine)  # fmt: skip
@again(product_page)
def close_product(act: Edit, product_id: SmallRowId) -> Response:
    """Sell no more of a kind; the cards that are out stay as good as they are."""
    commands.set_product_state(act.session, product_id, ProductState.CLOSED, now=act.now, by=act.by)
    return _done(act, product_id)


@router.post("/card-products/{product_id}/openings", name="card_products.open", status_code=201,
             response_model=CardProductLine)  # fmt: skip
@again(product_page)
def open_product(act: Edit, product_id: SmallRowId) -> Response:
    """Sell a kind again."""
    commands.set_product_state(act.session, product_id, ProductState.ACTIVE, now=act.now, by=act.by)
    return _done(act, product_id)


def _chain(act: Act) -> commands.Chain:
    return commands.Chain(act.chain.currency, act.chain.country, act.chain.language)


def _done(act: Act, product_id: int, *, status: int = 201) -> Response:
    return act.done(product_line(queries.product(act.session, product_id)), "/card-products", status=status)


def _as_typed(form: FormState) -> FormState:
    """The form's faults at the fields that the form has."""
    for field, typed in (("least_minor", "least"), ("most_minor", "most"), ("amounts_minor", "amounts"),
                         ("names", "names.en")):  # fmt: skip
        if field in form.errors:
            form.errors.setdefault(typed, []).extend(form.errors.pop(field))
    return form
