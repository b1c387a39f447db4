"""The kinds of file that can be imported, column by column."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import cast

from erp_club.cards.numbers import compact, is_number
from erp_club.imports.formats import Column, Format, RowFault, Values
from erp_club.imports.values import (
    TWO_DECIMALS,
    Bad,
    code,
    country,
    day,
    language,
    line_no,
    moment,
    money,
    one_of,
    percent,
    points,
    price,
    quantity,
    share_off,
    text,
    yes_no,
)
from erp_club.kernel.text import T
from erp_club.permissions.passwords import pin_faults
from erp_club.stored_value.numbers import can_be
from erp_club.stored_value.numbers import compact as value_compact


def _check_products(columns: Mapping[str, Values]) -> Iterator[RowFault]:
    """What merely passes money on earns nothing (table products)."""
    if "kind" not in columns or "earns_points" not in columns:
        return
    for row, (kind, earns) in enumerate(zip(columns["kind"], columns["earns_points"], strict=True)):
        if earns and kind not in (None, "goods"):
            yield row, "earns_points", T("Only goods earn points. Write no, or the kind goods.")


PRODUCTS = Format(
    kind="products",
    columns=(
        Column("sku", code, filled=True),
        Column("name", text, filled=True),
        Column("group", text),
        Column("department", text),
        Column("brand", text),
        Column("list_price", price, filled=True, whole=TWO_DECIMALS),
        Column("vat_percent", percent, filled=True),
        Column("earns_points", yes_no, needed=False),
        Column("kind", one_of("goods", "delivery", "gift_card", "deposit"), needed=False),
    ),
    key=("sku",),
    check=_check_products,
)


def _check_customers(columns: Mapping[str, Values]) -> Iterator[RowFault]:
    """A person has a name; an identity document is its kind, country and number together, or nothing."""
    for row, names in enumerate(zip(columns["given_name"], columns["family_name"], strict=True)):
        if names == (None, None):
            yield row, "family_name", T("The name is missing.")
    rows = zip(columns["id_kind"], columns["id_country"], columns["id_number"], strict=True)
    for row, (kind, id_country, number) in enumerate(rows):
        if kind in (None, "none"):
            if number is not None:
                yield row, "id_kind", T("The ID number has no kind. Write national_id or passport.")
        elif number is None:
            yield row, "id_number", T("The ID number is missing. Without one, the kind is none.")
        elif id_country is None:
            yield row, "id_country", T("The country that issued the ID is missing.")


CUSTOMERS = Format(
    kind="customers",
    columns=(
        Column("number", code, filled=True),
        Column("given_name", text),
        Column("family_name", text),
        Column("id_kind", one_of("national_id", "passport", "none")),
        Column("id_country", country),
        Column("id_number", code),
        Column("mobile", code),
        Column("email", code),
        Column("birthday", day),
        Column("gender", one_of("F", "M", "X")),
        Column("language", language),
        Column("home_store", code),
        Column("consent_advertising", yes_no),
        Column("consent_sms", yes_no),
        Column("consent_email", yes_no),
        Column("consent_post", yes_no),
        Column("card", code),
        Column("anniversary", day, needed=False),
        Column("phone", code, needed=False),
        Column("street", text, needed=False),
        Column("postcode", code, needed=False),
        Column("city", text, needed=False),
        Column("country", country, needed=False),
        Column("given_name_2", text, needed=False),
        Column("family_name_2", text, needed=False),
        Column("own_id", code, needed=False),
    ),
    families=(Column("club:", day), Column("class:", text)),
    check=_check_customers,
)


def _check_purchases(columns: Mapping[str, Values]) -> Iterator[RowFault]:
    """Amounts have the sign of their quantity: a sale has none below 0, a return none above."""
    signed = cast("list[list[int]]", [columns["quantity"], columns["list_amount"], columns["amount"]])
    if not signed[0] or min(map(min, signed)) >= 0:
        return
    for row, (count, list_amount, amount) in enumerate(zip(*signed, strict=True)):
        for name, minor in (("list_amount", list_amount), ("amount", amount)):
            if count >= 0 and minor < 0:
                yield row, name, T("The amount is below 0, but the quantity isn't. A return has both below 0.")
            elif count < 0 and minor > 0:
                yield row, name, T("The quantity is below 0, but the amount isn't. A return has both below 0.")


PURCHASES = Format(
    kind="purchases",
    columns=(
        Column("receipt_no", code, filled=True),
        Column("store", code, filled=True),
        Column("sold_at", moment, filled=True),
        Column("customer_number", code),
        Column("line_no", line_no, filled=True),
        Column("sku", code, filled=True),
        Column("quantity", quantity, filled=True),
        Column("list_amount", money, filled=True, whole=TWO_DECIMALS),
        Column("amount", money, filled=True, whole=TWO_DECIMALS),
    ),
    group=("store", "receipt_no"),
    check=_check_purchases,
)


def _club_code(raw: str) -> str:
    """Clubs have their codes in capitals."""
    return code(raw).upper()


def _check_prices(columns: Mapping[str, Values]) -> Iterator[RowFault]:
    """A row is for a club, a level or a segment, of a product, a group or all, and gives a price or a percentage."""
    names = ("club", "level", "segment", "sku", "group", "price", "percent", "from", "to")
    rows = len(columns["list"])
    cells = zip(*(columns.get(name) or [None] * rows for name in names), strict=True)
    for row, (club, level, segment, sku, group, minor, off_bp, first, last) in enumerate(cells):
        if segment is not None and (club is not None or level is not None):
            yield row, "segment", T("A list is for a club or a level, or for a segment. Leave one of them empty.")
        if sku is not None and group is not None:
            yield row, "group", T("The row names a product and a group. Leave one of them empty.")
        if minor is None and off_bp is None:
            yield row, "price", T("The price is missing. Write a price or a percentage.")
        elif minor is not None and off_bp is not None:
            yield row, "percent", T("The row gives a price and a percentage. Leave one of them empty.")
        if first is not None and last is not None and cast("dt.date", last) < cast("dt.date", first):
            yield row, "to", T("The last day is before the first.")


PRICE_LISTS = Format(
    kind="price-list",
    columns=(
        Column("list", code, filled=True),
        Column("club", _club_code, needed=False),
        Column("level", code, needed=False),
        Column("segment", code, needed=False),
        Column("sku", code, needed=False),
        Column("group", text, needed=False),
        Column("price", price, needed=False, whole=TWO_DECIMALS),
        Column("percent", share_off, needed=False),
        Column("from", day, needed=False),
        Column("to", day, needed=False),
        Column("store", code, needed=False),
        Column("always", yes_no, needed=False),
    ),
    check=_check_prices,
)


def _member_card(raw: str) -> str:
    """A member card's number without the blanks and hyphens that people write into it."""
    number = compact(code(raw))
    if not is_number(number):
        raise Bad(T("A card's number has 8 to 19 digits."))
    return number


CARDS = Format(
    kind="cards",
    columns=(
        Column("card", _member_card, filled=True),
        Column("customer_number", code, filled=True),
        Column("club", _club_code, needed=False),
        Column("state", one_of("active", "blocked", "lost", "replaced"), needed=False),
    ),
    key=("card",),
)

SEGMENT_LIST = Format(
    kind="segment-list",
    columns=(Column("segment", text, filled=True), Column("customer_number", code, filled=True)),
    key=("segment", "customer_number"),
)


def _value_card(raw: str) -> str:
    """A card's number without the blanks and hyphens that people write into it."""
    number = value_compact(code(raw))
    if not can_be(number):
        raise Bad(T("A card's number has 4 to 40 letters and digits."))
    return number


def _card_pin(raw: str) -> str:
    """A PIN, or the hash of one as an export writes it."""
    pin = code(raw)
    if not pin.startswith("$argon2id$") and pin_faults(pin):
        raise Bad(T("A PIN has 4 to 8 digits."))
    return pin


def _check_cards(columns: Mapping[str, Values]) -> Iterator[RowFault]:
    """Nothing lies on a card below zero, or before it is sold."""
    balances = cast("list[int]", columns["balance"])
    states = columns.get("state") or [None] * len(balances)
    for row, (balance, state) in enumerate(zip(balances, states, strict=True)):
        if balance < 0:
            yield row, "balance", T("The balance is below 0.")
        elif balance and state == "new":
            yield row, "state", T("There is money on the card, so it isn't new. Write active.")


STORED_VALUE = Format(
    kind="stored-value",
    columns=(
        Column("number", _value_card, filled=True),
        Column("pin", _card_pin, needed=False),
        Column("kind", one_of("prepaid", "gift"), filled=True),
        Column("balance", money, filled=True, whole=TWO_DECIMALS),
        Column("last_day", day),
        Column("state", one_of("new", "active", "blocked", "lost", "closed"), needed=False),
    ),
    group=("number",),
    check=_check_cards,
)

BALANCES = Format(
    kind="balances",
    columns=(
        Column("customer_number", code, filled=True),
        Column("club", code, filled=True),
        Column("points", points, filled=True),
        Column("last_day", day),
    ),
    group=("customer_number", "club"),
)

_ALL = (PRODUCTS, CUSTOMERS, PURCHASES, CARDS, BALANCES, PRICE_LISTS, STORED_VALUE, SEGMENT_LIST)
KINDS: Mapping[str, Format] = {form.kind: form for form in _ALL}
