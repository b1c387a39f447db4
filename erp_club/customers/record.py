"""A customer as a search finds one, and as all that is stored of one. Pure."""

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Found:
    """A customer that a search found, and by what.

    `exact` where the whole of what was typed is a number or address of the customer's; `spelt` where each word typed is
    spelt as one of the customer's names, or as it begins.
    """

    customer_id: int
    number: str
    given_name: str
    family_name: str
    city: str | None
    mobile: str | None
    card: str | None
    kind_matched: str
    exact: bool
    spelt: bool


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """All that is stored about one customer, of the ID number the last signs. `card` is the newest active one."""

    customer_id: int
    number: str
    given_name: str
    family_name: str
    given_name_2: str | None
    family_name_2: str | None
    id_kind: str
    id_country: str | None
    id_number: str | None
    phone: str | None
    mobile: str | None
    email: str | None
    street: str | None
    postcode: str | None
    city: str | None
    country: str | None
    birthday: dt.date | None
    anniversary: dt.date | None
    gender: str | None
    language: str | None
    home_store: str | None
    home_store_name: str | None
    own_id: str | None
    consent_advertising: bool | None
    consent_sms: bool | None
    consent_email: bool | None
    consent_post: bool | None
    opened_at: dt.datetime
    changed_at: dt.datetime
    card: str | None
    classifications: tuple[tuple[str, str], ...]
