"""Loading the demo chain: real purchases of 2017 with three clubs around them, in one transaction.

What is real and what is invented, and by which rules, stand in `journey.py` and `story.py`.
"""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.models import Club, Membership
from erp_club.clubs.setup import commands as clubs
from erp_club.customers.models import UNIDENTIFIED, Customer
from erp_club.demo import journey, office
from erp_club.demo.offers import OFFERS
from erp_club.demo.story import (
    BIRTHDAY,
    BIRTHDAY_EVERY,
    CHAIN,
    CLUBS,
    COUPON_OFFERS,
    GOLD_GROUPS,
    GOLD_PRICES,
    GOLD_PRODUCTS,
    LEAFLET,
    LEAFLETS,
    PASSWORD,
    PIN,
    STAFF,
    VOUCHER,
    VOUCHERS,
    number_of,
    renewals,
    store_place,
)
from erp_club.imports import staging
from erp_club.imports.commands import import_file
from erp_club.imports.formats import Reading
from erp_club.imports.kinds import KINDS
from erp_club.imports.outcome import Outcome
from erp_club.imports.staging import Progress, run
from erp_club.imports.table import Table
from erp_club.kernel import audit
from erp_club.kernel.audit import AuditEntry
from erp_club.kernel.errors import Conflict, Unavailable
from erp_club.kernel.text import T, Text
from erp_club.organisation import commands as organisation
from erp_club.organisation.models import Chain, Store, Terminal
from erp_club.permissions import commands as permissions
from erp_club.permissions import passwords
from erp_club.permissions.actors import Actor
from erp_club.permissions.grants.models import StaffRole
from erp_club.permissions.models import Staff
from erp_club.pricelists import commands as pricelists
from erp_club.pricelists.office import queries as prices
from erp_club.pricelists.settings import EntryFields
from erp_club.promotions import commands as offers
from erp_club.promotions.coupons.batches import commands as batches
from erp_club.promotions.engine.offer import Offer
from erp_club.receipts.models import Receipt

__all__ = ["PASSWORD", "PIN", "key_file", "load"]

_LOADED = "demo.load"


def key_file(home: Path) -> Path:
    """Where the key of the first till is."""
    return home / "demo-terminal-key"


def load(session: Session, *, full: bool, home: Path, progress: Progress, now: dt.datetime, by: Actor) -> list[Text]:
    """Load the demo into an empty database, or find it there; gives what there is to tell.

    All of it is one transaction: an interrupted load leaves nothing. Raises Conflict where the database holds data of
    somebody's or the demo's other size; Unavailable where the full data isn't there or the key can't be written.
    """
    session.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended('demo', 0))"))
    if _is_there(session, full=full):
        _keep_key(session, key_file(home))
        return [T("The demo chain is there already.")]
    _refuse_data(session)
    organisation.set_chain(session, **CHAIN, is_demo=True, now=now, by=by)
    session.execute(sa.update(StaffRole).values(second_factor=False))  # whoever tries the demo has its passwords only
    today = now.astimezone(ZoneInfo(CHAIN["time_zone"])).date()
    for club in CLUBS:
        club_id = clubs.create_club(
            session, club.settings, currency=CHAIN["currency"], language=CHAIN["language"], now=now, by=by
        )
        session.execute(sa.update(Club).where(Club.id == club_id).values(tone=club.tone))
        clubs.publish_club(session, club_id, now=now, by=by)
    tables: dict[str, Table] = {
        "products": journey.AllProducts() if full else journey.shipped("products"),
        "customers": journey.People(full=full),
        "purchases": journey.AllPurchases() if full else journey.shipped("purchases"),
    }
    outcomes: list[Outcome] = []
    for kind, table in tables.items():
        earn = tuple(club.settings.code for club in CLUBS) if kind == "purchases" else ()
        outcomes.append(import_file(session, Reading(table, KINDS[kind]), earn=earn, progress=progress, now=now, by=by))
        if kind == "customers":
            _renew(session, today=today)
            _date_back(session)
    _price_for_gold(session, now=now, by=by)
    _issue_coupons(session, today=today, now=now, by=by)
    _publish_offers(session, today=today, now=now, by=by)
    office.set_up(session, today=today, now=now, by=by)
    progress.phase(T("Stores, tills and staff"))
    _name_stores(session)
    _open_tills(session, key_file(home), now=now, by=by)
    after = {"full": full, "rows": sum(outcome.taken for outcome in outcomes)}
    audit.record(session, by=by, now=now, action=_LOADED, entity="chain", entity_id=1, after=after)
    return [T("The demo chain is loaded."), *outcomes[-1].notes]


def _is_there(session: Session, *, full: bool) -> bool:
    loaded = session.scalar(sa.select(AuditEntry.after).where(AuditEntry.action == _LOADED))
    if loaded is None:
        return False
    if full and not loaded["full"]:
        raise Conflict(
            T(
                "The small demo chain is loaded here already. For the full one take another folder (ERP_CLUB_HOME) or "
                "another database (ERP_CLUB_DATABASE_URL)."
            ),
            code="demo-loaded",
        )
    return True


def _refuse_data(session: Session) -> None:
    """The demo never mixes with anybody's own data."""
    chain = session.get(Chain, 1)
    held = (Staff.id, Store.id, Club.id, Receipt.id)
    customers = sa.select(Customer.id).where(Customer.id != UNIDENTIFIED)
    if chain is None and not any(
        session.scalar(sa.select(query.exists())) for query in (customers, *(sa.select(column) for column in held))
    ):
        return
    raise Conflict(
        T(
            "This database holds data already, of %(chain)s. The demo needs an empty one: take another folder "
            "(ERP_CLUB_HOME) or another database (ERP_CLUB_DATABASE_URL).",
            chain=chain.name if chain else "?",
        ),
        code="database-not-empty",
    )


def _renew(session: Session, *, today: dt.date) -> None:
    """The periods after the first of each membership."""
    staging.create(
        session,
        "demo_renewals",
        "customer_id bigint, membership_id bigint, period_no integer, first date, ends_before date, paid_on date",
    )
    held = session.execute(
        sa.select(Club.code, Customer.number, Membership.customer_id, Membership.id, Membership.joined_on)
        .join(Club, Club.id == Membership.club_id)
        .join(Customer, Customer.id == Membership.customer_id)
        .order_by(Membership.customer_id, Membership.id)
    ).all()
    by_code = {club.settings.code: club for club in CLUBS}
    rows = (
        (customer_id, membership_id, period_no, span.first, span.last and span.last + dt.timedelta(days=1), paid_on)
        for code, number, customer_id, membership_id, joined_on in held
        for period_no, (span, paid_on) in enumerate(
            renewals(by_code[code], number_of(number), joined_on, today=today), start=2
        )
    )
    columns = ("customer_id", "membership_id", "period_no", "first", "ends_before", "paid_on")
    staging.copy(session, "demo_renewals", columns, rows)
    run(
        session,
        """
        INSERT INTO membership_periods (customer_id, membership_id, period_no, validity, kind, at)
        SELECT customer_id, membership_id, period_no, daterange(first, ends_before), 'renewal',
               (paid_on + time '12:00') AT TIME ZONE (SELECT time_zone FROM chain)
          FROM demo_renewals
        """,
    )


def _date_back(session: Session) -> None:
    """Customers were opened, and got their cards, on the day when they first joined a club, else as 2016 began."""
    run(
        session,
        """
        UPDATE membership_periods p SET at = (m.joined_on + time '10:00') AT TIME ZONE (SELECT time_zone FROM chain)
          FROM memberships m WHERE (m.customer_id, m.id) = (p.customer_id, p.membership_id) AND p.period_no = 1
        """,
    )
    run(
        session,
        """
        WITH opened AS (
          SELECT c.id, (coalesce(min(m.joined_on), date '2016-01-01') + time '10:00')
                       AT TIME ZONE (SELECT time_zone FROM chain) AS at
            FROM customers c LEFT JOIN memberships m ON m.customer_id = c.id WHERE c.id <> 0 GROUP BY c.id
        ), cards AS (
          UPDATE cards k SET issued_at = o.at FROM opened o WHERE o.id = k.customer_id
        )
        UPDATE customers c SET opened_at = o.at, changed_at = o.at FROM opened o WHERE o.id = c.id
        """,
    )


def _publish_offers(session: Session, *, today: dt.date, now: dt.datetime, by: Actor) -> None:
    for document in OFFERS:
        offer_id = offers.create_offer(session, Offer.model_validate(document), now=now, by=by)
        offers.publish_offer(session, offer_id, language=CHAIN["language"], today=today, now=now, by=by)


def _price_for_gold(session: Session, *, now: dt.datetime, by: Actor) -> None:
    """The list at which members of GOLD buy; what the products of the data don't hold is left out."""
    club_id = session.scalars(sa.select(Club.id).where(Club.code == "GOLD")).one()
    settings = replace(GOLD_PRICES, club_id=club_id)
    list_id = pricelists.create_list(session, settings, language=CHAIN["language"], now=now, by=by)
    for name, off_bp in GOLD_GROUPS.items():
        if (group_id := prices.group_id(session, name)) is not None:
            fields = EntryFields(group_id=group_id, off_bp=off_bp)
            pricelists.add_entry(session, list_id, fields, now=now, by=by)
    for sku, price_minor in GOLD_PRODUCTS.items():
        if (product_id := prices.product_id(session, sku)) is not None:
            fields = EntryFields(product_id=product_id, price_minor=price_minor)
            pricelists.add_entry(session, list_id, fields, now=now, by=by)
    pricelists.publish_list(session, list_id, now=now, by=by)


def _issue_coupons(session: Session, *, today: dt.date, now: dt.datetime, by: Actor) -> None:
    """Batches with coupons that are out, and the offers that these start."""
    leaflets, birthdays, vouchers = (
        batches.create_batch(session, settings, language=CHAIN["language"], now=now, by=by)
        for settings in (LEAFLET, BIRTHDAY, VOUCHER)
    )
    for document in COUPON_OFFERS:
        offer_id = offers.create_offer(session, Offer.model_validate(document), now=now, by=by)
        offers.publish_offer(session, offer_id, language=CHAIN["language"], today=today, now=now, by=by)
    batches.generate(session, leaflets, LEAFLETS, now=now, today=today, by=by)
    batches.generate(session, vouchers, VOUCHERS, now=now, today=today, by=by)
    numbers = session.scalars(sa.select(Customer.number).where(Customer.id != UNIDENTIFIED).order_by(Customer.id)).all()
    lucky = [number for number in numbers if number_of(number) % BIRTHDAY_EVERY == 0]
    batches.assign(session, birthdays, lucky, now=now, today=today, by=by)


def _name_stores(session: Session) -> None:
    """By the number of their receipts."""
    ranked = session.scalars(
        sa.select(Store.id)
        .outerjoin(Receipt, Receipt.store_id == Store.id)
        .group_by(Store.id)
        .order_by(sa.func.count(Receipt.id).desc(), Store.code)
    ).all()
    staging.create(session, "demo_stores", "id integer, city text, name text")
    rows = ((store_id, *store_place(rank)) for rank, store_id in enumerate(ranked))
    staging.copy(session, "demo_stores", ("id", "city", "name"), rows)
    run(session, "UPDATE stores s SET city = d.city, name = d.name, stub = false FROM demo_stores d WHERE d.id = s.id")


def _busiest(session: Session) -> int:
    busiest = sa.select(Receipt.store_id).group_by(Receipt.store_id).order_by(sa.func.count().desc(), Receipt.store_id)
    return session.scalars(busiest.limit(1)).one()


def _open_tills(session: Session, path: Path, *, now: dt.datetime, by: Actor) -> None:
    """Two tills in the busiest store, and the people who work there."""
    store_id = _busiest(session)
    keys = [passwords.new_token("till") for _ in range(2)]
    for number, key in enumerate(keys, start=1):
        organisation.add_terminal(
            session, store_id=store_id, name=f"Till {number}", key_hash=passwords.token_hash(key), now=now, by=by
        )
    _write_key(path, keys[0])
    for username, name, role in STAFF:
        permissions.add_staff(
            session,
            username=username,
            name=name,
            role=role,
            password=PASSWORD,
            pin=PIN,
            store_id=None if username == "hq" else store_id,
            now=now,
            by=by,
        )


def _keep_key(session: Session, path: Path) -> None:
    """Where the file of the first till's key is gone, or of another database, the till gets a new key."""
    till = session.scalars(sa.select(Terminal).order_by(Terminal.id).limit(1)).one()
    if path.is_file() and passwords.token_hash(path.read_text(encoding="ascii").strip()) == till.key_hash:
        return
    key = passwords.new_token("till")
    till.key_hash = passwords.token_hash(key)
    session.flush()
    _write_key(path, key)


def _write_key(path: Path, key: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(key + "\n", encoding="ascii")
    except OSError as error:
        raise Unavailable(
            T("%(file)s can't be written: %(reason)s.", file=str(path), reason=error.strerror or str(error)),
            code="file-not-writable",
        ) from error
