"""Where a segment is spoken of: offers, price lists, other segments."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH
from sqlalchemy.orm import Session, aliased

from erp_club.pricelists.models import PriceList
from erp_club.promotions.models import OfferVersion, StoredOffer
from erp_club.segments.models import Segment, SegmentVersion


@dataclass(frozen=True, slots=True)
class Use:
    """What speaks of a segment: `kind` is offer, price_list or segment; `name` is its code or name."""

    kind: str
    id: int
    name: str


def in_offers(session: Session) -> dict[str, int]:
    """How many offers speak of each segment, by its name, in their latest versions."""
    spoken = sa.func.jsonb_path_query(sa.cast(OfferVersion.document, JSONB), sa.cast("$.**.segments[*]", JSONPATH))
    said = (
        sa.select(OfferVersion.offer_id, spoken.op("#>>")(sa.literal_column("'{}'")).label("name"))
        .where(OfferVersion.version_no == _latest(OfferVersion.offer_id))
        .subquery("said")
    )
    counted = sa.select(said.c.name, sa.func.count(sa.distinct(said.c.offer_id))).group_by(said.c.name)
    return {row[0]: row[1] for row in session.execute(counted)}


def _latest(offer_id: Any) -> Any:
    other = aliased(OfferVersion)
    return sa.select(sa.func.max(other.version_no)).where(other.offer_id == offer_id).scalar_subquery()


def uses(session: Session, name: str) -> list[Use]:
    """What speaks of the segment of this name, in its latest version."""
    said = sa.func.jsonb_build_object("name", name)
    in_offer = sa.func.jsonb_path_exists(
        sa.cast(OfferVersion.document, JSONB), sa.cast("$.**.segments[*] ? (@ == $name)", JSONPATH),
        said,
    )  # fmt: skip
    offers = (
        sa.select(sa.literal("offer"), StoredOffer.id, StoredOffer.code)
        .join(
            OfferVersion,
            (OfferVersion.offer_id == StoredOffer.id) & (OfferVersion.version_no == _latest(StoredOffer.id)),
        )
        .where(in_offer)
    )
    lists = sa.select(sa.literal("price_list"), PriceList.id, PriceList.code).where(PriceList.segment == name)
    in_segment = sa.func.jsonb_path_exists(
        SegmentVersion.condition,
        sa.cast('$.** ? (@.field == "segment") ? (@.value == $name || @.value[*] == $name)',
                JSONPATH),
        said,
    )  # fmt: skip
    segments = (
        sa.select(sa.literal("segment"), Segment.id, Segment.name)
        .join(
            SegmentVersion,
            (SegmentVersion.segment_id == Segment.id) & (SegmentVersion.version_no == Segment.version_no),
        )
        .where(in_segment)
    )
    return [Use(*row) for row in session.execute(sa.union_all(offers, lists, segments))]
