"""Seals what was said of accounts beside their sums in a chain of keyed hashes, outside of the sale, and proves it."""

import datetime as dt
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel.kept_keys import keyring_of
from erp_club.kernel.keyring import Keyring
from erp_club.kernel.seals import BEGINNING, NotAsSealed, first_break, link
from erp_club.points.models import PointsAccountStanding, PointsStandingSeal

_READ = 10_000
_KEY = (PointsAccountStanding.customer_id, PointsAccountStanding.account_id, PointsAccountStanding.n)
_SEALED = (PointsStandingSeal.customer_id, PointsStandingSeal.account_id, PointsStandingSeal.standing_n)
_SAME = sa.and_(*(left == right for left, right in zip(_KEY, _SEALED, strict=True)))
# The words of a day don't hang on a session's style of dates, as jsonb writes them.
_DIGEST = sa.func.sha256(
    sa.func.convert_to(
        sa.cast(
            sa.func.jsonb_build_array(
                *_KEY,
                PointsAccountStanding.state,
                PointsAccountStanding.frozen_until,
                PointsAccountStanding.idle_last_day,
            ),
            sa.Text,
        ),
        "UTF8",
    ),
    type_=sa.LargeBinary(),
)


def seal_standing(session: Session, *, now: dt.datetime, limit: int) -> int:
    """Add up to `limit` rows that aren't sealed to the chain; gives how many. Two at once wait: it has one end."""
    keyring = keyring_of(session, writes=True)
    session.execute(sa.text("LOCK TABLE points_standing_seals IN SHARE ROW EXCLUSIVE MODE"))
    last = session.execute(
        sa.select(PointsStandingSeal.n, PointsStandingSeal.hash).order_by(PointsStandingSeal.n.desc()).limit(1)
    ).first()
    n, end = (last[0], last[1]) if last else (0, BEGINNING)
    waiting = (
        sa.select(*_KEY, _DIGEST)
        .outerjoin(PointsStandingSeal, _SAME)
        .where(PointsStandingSeal.n.is_(None))
        .order_by(*_KEY)
        .limit(limit)
    )
    rows: list[dict[str, object]] = []
    for customer_id, account_id, number, digest in session.execute(waiting):
        n += 1
        end = _link(keyring, end, n, _text(customer_id, account_id, number), digest)
        key = {"customer_id": customer_id, "account_id": account_id, "standing_n": number}
        rows.append({"n": n, **key, "hash": end, "at": now})
    if rows:
        session.execute(sa.insert(PointsStandingSeal), rows)
    return len(rows)


def unsealed_standing(session: Session) -> int:
    """How many rows wait for their seal."""
    sealed = sa.exists().where(_SAME)
    return session.scalar(sa.select(sa.func.count()).select_from(PointsAccountStanding).where(~sealed)) or 0


def standing_not_as_sealed(session: Session) -> NotAsSealed | None:
    """The first row that isn't what was sealed, or link that isn't what it was; None is what it should be."""
    chain: sa.Select[*tuple[Any, ...]] = (
        sa.select(
            PointsStandingSeal.n,
            *_SEALED,
            PointsStandingSeal.hash,
            sa.case((PointsAccountStanding.n.is_not(None), _DIGEST)),
        )
        .outerjoin(PointsAccountStanding, _SAME)
        .order_by(PointsStandingSeal.n)
        .execution_options(yield_per=_READ)
    )
    with session.execute(chain) as rows:
        return first_break(
            ((n, _text(*key), kept, digest) for n, *key, kept, digest in rows),
            partial(_link, keyring_of(session)),
            sealed="points_account_standing",
            seals="points_standing_seals",
        )


def _text(customer_id: int, account_id: int, number: int) -> str:
    return f"{customer_id}/{account_id}/{number}"


def _link(keyring: Keyring, end: bytes, n: int, key: str, digest: bytes) -> bytes:
    return link(keyring, "standing", end, n, key.encode(), digest)
