"""The versions of a club's programme."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from erp_club.birthday.models import BirthdayPlan
from erp_club.catalogue.models import Brand, Department, Product, ProductGroup
from erp_club.clubs.models import Club
from erp_club.kernel.text import T, Text
from erp_club.organisation.models import Store
from erp_club.points.units import Unit, unit_of
from erp_club.programmes import documents, errors
from erp_club.programmes.engine.checks import findings
from erp_club.programmes.engine.finding import Finding
from erp_club.programmes.engine.gifts import CouponGiven
from erp_club.programmes.engine.membership import TermFee
from erp_club.programmes.engine.places import Doing, Where, works
from erp_club.programmes.engine.programme import Channels, Programme
from erp_club.programmes.models import ProgrammeVersion
from erp_club.promotions.coupons.models import CouponBatch
from erp_club.segments.models import Segment


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version: from which day it holds, under which number its rules of points stand, and what it says."""

    club_id: int
    version_no: int
    effective_from: dt.date
    rules_no: int
    programme: Programme


def versions_of(session: Session, club_id: int) -> list[VersionRow]:
    """All versions of a club, the latest first; none where it has no programme."""
    rows = session.execute(
        sa.select(
            ProgrammeVersion.club_id,
            ProgrammeVersion.version_no,
            ProgrammeVersion.effective_from,
            ProgrammeVersion.rules_no,
            ProgrammeVersion.document,
        )
        .where(ProgrammeVersion.club_id == club_id)
        .order_by(ProgrammeVersion.version_no.desc())
    )
    return [VersionRow(*row[:4], programme=Programme.model_validate(row.document)) for row in rows]


@dataclass(frozen=True, slots=True)
class VersionNumber:
    """A version of a club's programme: its number, that of its rules about points, from which day it holds, and what
    accounts count by it.
    """

    version_no: int
    rules_no: int
    effective_from: dt.date
    unit: Unit


def version_numbers(session: Session, club_id: int) -> list[VersionNumber]:
    """The versions of a club's programme without what they say, the latest first."""
    version = ProgrammeVersion
    rows = session.execute(
        sa.select(version.version_no, version.rules_no, version.effective_from, version.document["unit"])
        .where(version.club_id == club_id)
        .order_by(version.effective_from.desc(), version.version_no.desc())
    )
    return [VersionNumber(*row[:3], unit_of(row[3])) for row in rows]


def names_written(session: Session, club_id: int | None = None) -> dict[str, Mapping[str, str]]:
    """What a ledger of points or cards may have written as a reason, with its names by language.

    A row keeps one word of what it moved by: the name of a rule of this club (of any without one), that of another
    club, or the code of a birthday plan.
    """
    made: dict[str, Mapping[str, str]] = {}
    said = sa.select(ProgrammeVersion.document).order_by(ProgrammeVersion.club_id, ProgrammeVersion.version_no)
    if club_id is not None:
        said = said.where(ProgrammeVersion.club_id == club_id)
    for document in session.scalars(said):
        for names in _all_names(document):
            made |= dict.fromkeys(names.values(), names)
    for names in session.scalars(sa.select(Club.names)):
        made |= dict.fromkeys(names.values(), names)
    for code, names in session.execute(sa.select(BirthdayPlan.code, BirthdayPlan.names)):
        made[code] = names
    return made


def _all_names(said: Any) -> Iterator[Mapping[str, str]]:
    """The names of everything in a document."""
    if isinstance(said, dict):
        fields = cast("dict[str, Any]", said)
        if names := fields.get("names"):
            yield names
        said = list(fields.values())
    if isinstance(said, list):
        for each in cast("list[Any]", said):
            yield from _all_names(each)


def versions(session: Session, code: str) -> list[VersionRow]:
    """All versions of the club with this code, the latest first. Raises NotFound where there is none."""
    club_id = session.scalar(sa.select(Club.id).where(Club.code == code.upper()))
    made = [] if club_id is None else versions_of(session, club_id)
    if not made:
        raise errors.no_programme()
    return made


def programme_on(session: Session, code: str, day: dt.date) -> VersionRow:
    """The version that holds on a day. Raises NotFound where none does yet."""
    holding = [each for each in versions(session, code) if each.effective_from <= day]
    if not holding:
        raise errors.no_programme()
    return max(holding, key=lambda each: (each.effective_from, each.version_no))


@dataclass(frozen=True, slots=True)
class VersionInForce:
    """What the programme of a club says on a day, and under which number its rules stand."""

    rules_no: int
    programme: Programme


def version_in_force(session: Session, club_id: int, day: dt.date) -> VersionInForce | None:
    """The version of a club's programme that holds on a day; None for a club without one."""
    row = session.execute(
        sa.select(ProgrammeVersion.rules_no, ProgrammeVersion.document)
        .where(ProgrammeVersion.club_id == club_id, ProgrammeVersion.effective_from <= day)
        .order_by(ProgrammeVersion.effective_from.desc(), ProgrammeVersion.version_no.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else VersionInForce(row.rules_no, Programme.model_validate(row.document))


def programme_in_force(session: Session, club_id: int, day: dt.date) -> Programme | None:
    """What the programme of a club says on a day; None for a club without one."""
    held = version_in_force(session, club_id, day)
    return None if held is None else held.programme


def clubs_not_doing(session: Session, doing: Doing, where: Where | None, *, on: dt.date) -> frozenset[int]:
    """The clubs whose programme of the day doesn't do that there; one without a programme works everywhere."""
    said = _of_each(session, ProgrammeVersion.document["channels"], on).items()
    return frozenset(of for of, channels in said if not works(Channels.model_validate(channels), doing, where))


def joining_prices(session: Session, *, on: dt.date) -> dict[int, int]:
    """What joining costs by the clubs' programmes of the day, in minor units; nothing of those without a price."""
    prices = _of_each(session, ProgrammeVersion.document["fees"]["joining_minor"].as_integer(), on)
    return {of: minor for of, minor in prices.items() if minor}


def joining_lengths(session: Session, *, on: dt.date) -> dict[int, dict[int, int]]:
    """Which other lengths, in months, may be chosen when joining the clubs on a day, by the club, with their prices.

    Those that are for some customers alone are left out: they are asked for by name.
    """
    said = _of_each(session, ProgrammeVersion.document["fees"]["terms"], on).items()
    made: dict[int, dict[int, int]] = {}
    for of, terms in said:
        offered = [TermFee.model_validate(each) for each in terms or ()]
        open_to_all = [each for each in offered if each.level is None and not each.segments]
        if open_to_all:
            made[of] = {each.months: each.joining_minor for each in sorted(open_to_all, key=lambda each: each.months)}
    return made


def _of_each(session: Session, asked: sa.ColumnElement[Any], on: dt.date) -> dict[int, Any]:
    """Something of the version of each club that holds on a day, by the club."""
    version = ProgrammeVersion
    rows = session.execute(
        sa.select(version.club_id, asked)
        .ext(distinct_on(version.club_id))
        .where(version.effective_from <= on)
        .order_by(version.club_id, version.effective_from.desc(), version.version_no.desc())
    )
    return {of: said for of, said in rows}  # noqa: C416 - dict() knows no Row


def warnings(session: Session, programme: Programme) -> tuple[Finding, ...]:
    """What a check finds, and what it names that isn't there yet: goods, stores, segments, and coupons to give of."""
    asked = (_without_product, _without_batch, _not_there)
    return (*findings(programme), *(each for ask in asked for each in ask(session, programme)))


_NAMED = (
    (("products", "without_products"), Product.sku, T("No product has the code %(key)s yet.")),
    (("groups", "without_groups"), ProductGroup.name, T("No product group is called “%(key)s” yet.")),
    (("departments", "without_departments"), Department.name, T("No department is called “%(key)s” yet.")),
    (("brands", "without_brands"), Brand.name, T("No brand is called “%(key)s” yet.")),
    (("stores", "without_stores"), Store.code, T("No store has the code %(key)s yet.")),
    (("segments",), Segment.name, T("No segment is called “%(key)s” yet.")),
)
"""The fields by which parts of a programme name things, what knows these, and what is told of one that isn't there."""


def _not_there(session: Session, programme: Programme) -> Iterator[Finding]:
    """What rules name that nobody knows, such as a group that was misspelt: they never fit it."""
    parts = [*documents.every_part(programme)]
    for fields, column, text in _NAMED:
        named = [
            (f"{path}.{field}", key)
            for path, part in parts
            for field in fields
            for key in getattr(part, field, ())
            if isinstance(key, str)
        ]
        if not named:
            continue
        there = set(session.scalars(sa.select(column).where(column.in_({key for _, key in named}))))
        for path, key in named:
            if key not in there:
                yield Finding(path, Text(text.msgid, {"key": key}), stops=False)


def _without_product(session: Session, programme: Programme) -> Iterator[Finding]:
    fees = programme.fees
    named = {"fees.joining_product": fees.joining_product, "fees.renewal_product": fees.renewal_product}
    skus = {sku for sku in named.values() if sku}
    there = set(session.scalars(sa.select(Product.sku).where(Product.sku.in_(skus)))) if skus else skus
    for path, sku in named.items():
        if sku and sku not in there:
            yield Finding(path, T("No product has the code %(code)s.", code=sku), stops=False)


def _without_batch(session: Session, programme: Programme) -> Iterator[Finding]:
    named = {path: part.batch for path, part in documents.every_part(programme) if isinstance(part, CouponGiven)}
    if not named:
        return
    known = sa.select(CouponBatch.code).where(CouponBatch.code.in_(named.values()))
    there = set(session.scalars(known))
    for path, batch in named.items():
        if batch not in there:
            text = T("There is no batch of coupons %(key)s yet: until there is, nothing is given.", key=batch)
            yield Finding(f"{path}.batch", text, stops=False)
