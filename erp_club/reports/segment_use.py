"""Where a segment is spoken of: offers, price lists, other segments."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH
from sqlalchemy.orm import Session

from erp_club.pricelists.models import PriceList
from erp_club.promotions.models import OfferVersion, StoredOffer
from erp_club.segments.models import Segment, SegmentVersion


@dataclass(frozen=True, slots=True)
class Use:
    """What speaks of a segment: `kind` is offer, price_list or segment; `name` is its code or name."""

    kind: str
    id: int
    name: str


def uses(session: Session, name: str) -> list[Use]:
    """What speaks of the segment of this name, in its latest version."""
    said = sa.func.jsonb_build_object("name", name)
    in_offer = sa.func.jsonb_path_exists(
        sa.cast(OfferVersion.document, JSONB), sa.cast("$.**.segments[*] ? (@ == $name)", JSONPATH),
        said,
    )  # fmt: skip
    latest = (
        sa.select(sa.func.max(OfferVersion.version_no))
        .where(OfferVersion.offer_id == StoredOffer.id)
        .correlate(StoredOffer)
        .scalar_subquery()
    )
    offers = (
        sa.select(sa.literal("offer"), StoredOffer.id, StoredOffer.code)
        .join(OfferVersion, (OfferVersion.offer_id == StoredOffer.id) & (OfferVersion.version_no == latest))
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
