"""The kind of gift card on which a club gives money."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel.text import named_in
from erp_club.organisation import models as organisation
from erp_club.permissions.actors import Actor
from erp_club.stored_value.kinds import CardKind, ProductState
from erp_club.stored_value.models import CardProduct
from erp_club.stored_value.products.commands import Chain, create_product
from erp_club.stored_value.products.settings import MOST_MINOR, ProductSettings

_LANGUAGES = ("en", "he", "fi", "sv")


def gift_product(session: Session, code: str, names: dict[str, str], *, now: dt.datetime, by: Actor) -> int:
    """The kind of card that a club's money is given on: the one with the club's code, else the first without PIN.

    Where there is neither, a new one is set up: it takes any amount and is called as the club is.
    """
    chain = session.get_one(organisation.Chain, 1)
    found = session.scalar(
        sa.select(CardProduct.id)
        .where(
            CardProduct.kind == CardKind.GIFT,
            CardProduct.state == ProductState.ACTIVE,
            CardProduct.has_pin.is_(False),
            CardProduct.currency == chain.currency,
        )
        .order_by(CardProduct.code != code, CardProduct.id)
        .limit(1)
    )
    if found is not None:
        return found
    named = {language: named_in(names, language) for language in _LANGUAGES}
    wanted = ProductSettings(code, named, least_minor=1, most_minor=MOST_MINOR)
    told = Chain(chain.currency, chain.country, chain.language)
    return create_product(session, wanted, chain=told, now=now, by=by)
