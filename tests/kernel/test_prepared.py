# The few statements that every sale runs go straight to the driver; what they do in a session stays the same.
import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from erp_club.kernel.db import Database
from erp_club.kernel.prepared import Ahead, Prepared
from erp_club.organisation.models import Store
from tests.make.purchases import a_till
from tests.make.wire import statements

OPEN = Prepared(
    sa.insert(Store)
    .values(code=sa.bindparam("code"), name=sa.bindparam("name"), time_zone=sa.bindparam("time_zone"))
    .returning(Store.code, Store.name)
)
SUM = Prepared(sa.select(sa.bindparam("one", type_=sa.BigInteger) + sa.bindparam("other", type_=sa.BigInteger)))
SELF = Prepared(
    sa.select(sa.func.pg_terminate_backend(sa.func.pg_backend_pid())).where(
        sa.bindparam("one", type_=sa.Text) == sa.bindparam("other", type_=sa.Text)
    )
)


def _open(session: Session, code: str) -> list[tuple[str, ...]]:
    return OPEN.execute(session.connection(), {"code": code, "name": "North", "time_zone": "UTC"}).rows


def test_it_works_in_the_session_s_own_transaction(session: Session) -> None:
    assert _open(session, "N1") == [("N1", "North")]
    assert session.scalar(sa.select(Store.name).where(Store.code == "N1")) == "North"
    session.rollback()
    assert session.scalar(sa.select(Store.name).where(Store.code == "N1")) is None


def test_a_statement_may_be_longer_than_what_psycopg_remembers(session: Session) -> None:
    wanted = sa.select(*[sa.bindparam(f"n{n}", type_=sa.BigInteger).label(f"a_long_name_{n:04}") for n in range(200)])
    long = Prepared(wanted)
    assert len(long.text) > 4096
    with statements(session) as sent:
        rows = long.execute(session.connection(), {f"n{n}": n for n in range(200)}).rows
    assert rows == [tuple(range(200))]
    assert len(sent) == 1


def test_a_value_of_the_statement_s_own_is_part_of_its_text(session: Session) -> None:
    named = Prepared(sa.select(Store.code).where(Store.name == "O'Neil", Store.code == sa.bindparam("code")))
    assert b"'O''Neil'" in named.text
    OPEN.execute(session.connection(), {"code": "N2", "name": "O'Neil", "time_zone": "UTC"})
    assert named.execute(session.connection(), {"code": "N2"}).rows == [("N2",)]


def test_what_the_database_refuses_is_raised_as_core_raises_it(session: Session) -> None:
    a_till(session)
    code = session.scalars(sa.select(Store.code)).first()
    assert code
    with pytest.raises(IntegrityError) as refused:
        _open(session, code)
    assert isinstance(refused.value.orig, psycopg.errors.UniqueViolation)
    assert code not in str(refused.value.statement)


def test_the_last_statement_takes_its_commit_along(committed: Database) -> None:
    values = {"name": "North", "time_zone": "UTC"}
    with committed.session() as session:
        with statements(session) as sent:
            answer = OPEN.execute(session.connection(), values | {"code": "L1"}, last=True)
        assert (answer.rows, answer.rowcount) == ([("L1", "North")], 1)
        assert len(sent) == 3  # BEGIN, the statement, COMMIT
        session.rollback()
        OPEN.execute(session.connection(), values | {"code": "L2"})
        with pytest.raises(IntegrityError):
            OPEN.execute(session.connection(), values | {"code": "L1"}, last=True)
        session.rollback()
    with committed.session() as session:
        assert session.scalars(sa.select(Store.code).where(Store.code.in_(["L1", "L2"]))).all() == ["L1"]


def test_what_was_asked_ahead_is_told_once_and_only_to_the_same_question(session: Session) -> None:
    def asked(other: int) -> Ahead:
        return Ahead(SUM, {"one": 2, "other": other})

    for told_ahead, other in ((True, 3), (False, 4)):
        ahead = session.info[Ahead] = asked(3)
        with statements(session) as sent:
            assert SUM.execute(session.connection(), {"one": 1, "other": 1}, ahead=ahead).rows == [(2,)]
        assert len(sent) == 2
        for again in (False, True):
            with statements(session) as sent:
                assert asked(other).execute(session).rows == [(2 + other,)]
            assert len(sent) == (0 if told_ahead and not again else 1)


def test_a_value_may_be_longer_than_what_the_socket_takes_at_once(committed: Database) -> None:
    long = "x" * 3_000_000
    echo = Prepared(sa.select(sa.bindparam("text", type_=sa.Text)))
    with committed.session() as session:
        assert echo.execute(session.connection(), {"text": long}).rows == [(long,)]
        assert echo.execute(session.connection(), {"text": long}).rows == [(long,)]


def test_when_the_server_is_gone_the_next_session_connects_anew(committed: Database) -> None:
    with committed.session() as one, committed.session() as other:
        for session in (one, other):
            assert SUM.execute(session.connection(), {"one": 2, "other": 3}).rows == [(5,)]
        with pytest.raises(OperationalError) as lost:
            SELF.execute(one.connection(), {"one": "x", "other": "x"})
        assert lost.value.connection_invalidated
        one.rollback()
        assert SUM.execute(one.connection(), {"one": 2, "other": 3}).rows == [(5,)]
        assert SUM.execute(other.connection(), {"one": 3, "other": 3}).rows == [(6,)]
