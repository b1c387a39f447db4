"""Quotes: a basket priced and kept for a while, with the coupons that it holds."""

import datetime as dt
import uuid
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session

from erp_club.kernel.prepared import Prepared
from erp_club.promotions.coupons.commands import KEPT_PAST, RESERVE, release
from erp_club.promotions.coupons.errors import held_elsewhere
from erp_club.purchases.asked import Asked, Place
from erp_club.purchases.facts import gather
from erp_club.purchases.models import Quote
from erp_club.purchases.priced import PricedBasket
from erp_club.purchases.pricing import check_claims, price_gathered
from erp_club.purchases.quotes import errors
from erp_club.purchases.quotes.queries import QuoteRow
from erp_club.purchases.redeeming import redeemable

KEPT = dt.timedelta(minutes=15)
"""How long a quote's price and coupons are kept."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """A priced basket that is kept until `expires_at`; `sale_id` is the till's own name for the sale."""

    id: uuid.UUID
    sale_id: str
    expires_at: dt.datetime
    basket: PricedBasket


def sale_key(terminal_id: int, sale_id: str) -> str:
    """A till's name for a sale as it is known to all of the chain: draws hang on it, and coupons are held for it."""
    return f"{terminal_id}:{sale_id}"


def make_quote(session: Session, asked: Asked, place: Place, *, sale_id: str, explain_all: bool = False) -> Quoted:
    """Price a basket and keep the answer; it replaces the sale's former quote and takes over the coupons it held.

    `asked.sale_id` is the sale's key. Raises what pricing raises, and Conflict `coupon-held` where another sale took a
    coupon at this moment.
    """
    gathered = gather(session, asked, place)
    check_claims(gathered.facts.claims, gathered.compiled, by=place.by)
    priced = price_gathered(gathered, explain_all=explain_all)
    basket = replace(priced, redeemable=redeemable(gathered))
    made = Quoted(uuid.uuid4(), sale_id, place.now + KEPT, basket)
    held = usable(basket)
    values = {
        "quote_id": made.id,
        "quote_terminal": str(place.terminal.id),
        "quote_sale": sale_id,
        "quote_request": _ASKED.dump_json(asked).decode(),
        "quote_answer": _BASKET.dump_json(basket).decode(),
        # Numbers as text: the driver would name another type for a small one than for a large one.
        "coupon_ids": [str(each) for each in held],
        "coupon_customer": str(basket.customer_id),
        "coupon_sale": asked.sale_id,
        "coupon_until": made.expires_at,
        "coupon_now": place.now,
        "coupon_past": place.now - KEPT_PAST,
    }
    if _KEEP.execute(session.connection(), values).rows[0][0] != len(held):
        raise held_elsewhere()
    return made


def usable(basket: PricedBasket) -> list[int]:
    """The ids of the coupons of a basket that may be used, which a sale holds while it lasts."""
    return [coupon.id for coupon in basket.coupons if coupon.id and coupon.fault is None]


def hold_coupons(session: Session, basket: PricedBasket, key: str, *, until: dt.datetime, now: dt.datetime) -> None:
    """Hold the coupons of a basket for its sale; one that another took is told when it is priced next."""
    values = {
        "coupon_ids": usable(basket),
        "coupon_customer": basket.customer_id,
        "coupon_sale": key,
        "coupon_until": until,
        "coupon_now": now,
        "coupon_past": now - KEPT_PAST,
    }
    session.connection().execute(RESERVE, values)


def end_quote(session: Session, quote_id: uuid.UUID, *, terminal_id: int) -> str | None:
    """Take a quote away, as its sale is done, and give the sale's name; None where it is gone already."""
    return session.connection().execute(_DROP, {"quote": quote_id, "terminal": terminal_id}).scalar_one_or_none()


def drop_quote(session: Session, quote_id: uuid.UUID, *, terminal_id: int) -> None:
    """Give a sale up: its price and the coupons that it holds are free. Raises NotFound `quote-gone`."""
    sale_id = end_quote(session, quote_id, terminal_id=terminal_id)
    if sale_id is None:
        raise errors.no_quote()
    release(session, sale_key(terminal_id, sale_id))


def quoted(row: QuoteRow) -> Quoted:
    """A quote as it was made."""
    return Quoted(row.id, row.sale_id, row.expires_at, _BASKET.validate_python(row.answer))


def is_for(row: QuoteRow, asked: Asked) -> bool:
    """Whether a quote is for this very basket, paid as it said; one that didn't say how holds for all means."""
    former = _ASKED.validate_python(row.request)
    paid_as_said = not former.means or set(asked.means) == set(former.means)
    return paid_as_said and _content(former) == _content(asked)


def _content(asked: Asked) -> tuple[object, ...]:
    chosen = frozenset((claim.offer, claim.product, claim.points) for claim in asked.claims)
    lines, said = asked.lines, (frozenset(asked.coupons), chosen, asked.confirmed, asked.points)
    return (lines, asked.buyer, *said, asked.automatic, asked.sale_id)


_ASKED, _BASKET = TypeAdapter(Asked), TypeAdapter(PricedBasket)


def _keep() -> sa.Select[Any]:
    """Writes the quote, clears away what ran out at this till, and holds the coupons, in one statement."""
    row = insert(Quote).values(
        id=sa.bindparam("quote_id", type_=sa.Uuid),
        terminal_id=sa.bindparam("quote_terminal", type_=sa.Integer),
        sale_id=sa.bindparam("quote_sale", type_=sa.Text),
        request=sa.bindparam("quote_request", type_=JSONB),
        answer=sa.bindparam("quote_answer", type_=JSONB),
        made_at=sa.bindparam("coupon_now", type_=sa.DateTime(timezone=True)),
        expires_at=sa.bindparam("coupon_until", type_=sa.DateTime(timezone=True)),
    )
    replaced = ("id", "request", "answer", "made_at", "expires_at")
    kept = row.on_conflict_do_update(
        index_elements=[Quote.terminal_id, Quote.sale_id], set_={name: row.excluded[name] for name in replaced}
    )
    # Another row than the one that is written: PostgreSQL doesn't say which of two changes to one row would win.
    past = sa.delete(Quote).where(
        Quote.terminal_id == sa.bindparam("quote_terminal", type_=sa.Integer),
        Quote.sale_id != sa.bindparam("quote_sale", type_=sa.Text),
        Quote.expires_at < sa.bindparam("coupon_now", type_=sa.DateTime(timezone=True)),
    )
    return RESERVE.add_cte(kept.cte("kept_quote"), past.cte("past_quotes"))


_KEEP = Prepared(_keep())
_DROP = (
    sa.delete(Quote)
    .where(
        Quote.id == sa.bindparam("quote", type_=sa.Uuid),
        Quote.terminal_id == sa.bindparam("terminal", type_=sa.Integer),
    )
    .returning(Quote.sale_id)
)
