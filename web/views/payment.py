"""What is to be paid for the open basket of a till."""

from pydantic import BaseModel

from erp_club.kernel.money import Rounding, round_div, to_text
from erp_club.purchases.baskets import queries
from erp_club.purchases.baskets.paying import PayingCard, paying
from erp_club.purchases.baskets.pricing import totals_by_means
from erp_club.purchases.sale import rounding
from erp_club.receipts.kinds import Means
from erp_club.stored_value.numbers import masked
from web.deps import Act

NOTES_MINOR = {
    "ILS": (2000, 5000, 10000, 20000),
    "EUR": (500, 1000, 2000, 5000, 10000),
    "SEK": (2000, 5000, 10000, 20000, 50000),
}
"""Banknotes in common use at a till."""
MOST_NOTES = 4


class Note(BaseModel):
    """An amount that somebody may well hand over."""

    minor: int
    text: str


class PaysToo(BaseModel):
    """A prepaid or gift card that pays: what can be used of it, and what it gives."""

    id: int
    card: str
    usable_minor: int
    gives_minor: int


class PaymentPage(BaseModel):
    """What is to be paid. An offer may hang on the means: `total_minor` is by card, `cash_total_minor` in cash,
    `both_total_minor` partly in cash and partly by card.

    `cards` pay first; `rest_minor` is what is left then by card, `cash_minor` in cash with its rounding. `sold_cards`:
    what was said of cards that the basket sells (the ends of numbers, null for one that is made).
    """

    total_minor: int
    cash_total_minor: int
    both_total_minor: int
    rounding_minor: int
    cash_minor: int
    notes: list[Note]
    rest_minor: int
    cards: list[PaysToo]
    sells_cards: bool
    sold_cards: list[str | None]


def payment_view(act: Act) -> PaymentPage | None:
    """What the open basket costs; None for an empty one."""
    opened = queries.opened(act.session, act.terminal.id)
    if opened is None or not opened.lines:
        return None
    beside = (Means.STORED_VALUE,) if opened.paying_cards else ()
    ways = [(*beside, *way) for way in ((), (Means.CARD,), (Means.CASH,), (Means.CASH, Means.CARD))]
    alone, by_card, in_cash, by_both = totals_by_means(act.session, act.terminal, opened, ways, now=act.now, by=act.by)
    by_card, cards = _beside_cards(act, opened, by_card, alone)
    in_cash, beside_cash = _beside_cards(act, opened, in_cash, alone)
    rest, rest_in_cash = (
        total - sum(card.gives_minor for card in given) for total, given in ((by_card, cards), (in_cash, beside_cash))
    )
    rounded = rounding(rest_in_cash, 0, act.chain.currency)
    cash = rest_in_cash + rounded
    return PaymentPage(
        total_minor=by_card,
        cash_total_minor=in_cash,
        both_total_minor=by_both,
        rounding_minor=rounded,
        cash_minor=cash,
        rest_minor=rest,
        cards=[
            PaysToo(id=each.card_id, card=each.number, usable_minor=each.usable_minor, gives_minor=each.gives_minor)
            for each in cards
        ],
        sells_cards=any(line.kind == "gift_card" for line in opened.lines),
        sold_cards=[masked(each["number"]) if each.get("number") else None for each in opened.sold_cards],
        notes=[Note(minor=minor, text=to_text(minor)) for minor in likely_notes(cash, act.chain.currency)],
    )


def _beside_cards(act: Act, opened: queries.Opened, total: int, alone: int) -> tuple[int, list[PayingCard]]:
    """The total, and what each prepaid or gift card gives of it; the one by them `alone` where they pay all of it."""
    given = paying(act.session, opened.paying_cards, total, on=act.today)
    if not given or total == alone or sum(card.gives_minor for card in given) < total:
        return total, given
    return alone, paying(act.session, opened.paying_cards, alone, on=act.today)


def likely_notes(due_minor: int, currency: str) -> list[int]:
    """What is likely handed over for an amount: for each banknote the fewest of it that cover the amount."""
    notes = NOTES_MINOR.get(currency, ())
    sums = {round_div(due_minor, note, Rounding.UP) * note for note in notes}
    return sorted(minor for minor in sums if minor > due_minor)[:MOST_NOTES]
