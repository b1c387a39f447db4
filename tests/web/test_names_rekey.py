# REQ C-06: after a change of the rules names get new keys, in steps, while shops are open
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from erp_club.customers.names.models import CustomerWords, NameWord
from erp_club.customers.names.queries import find_by_name
from erp_club.kernel.db import Database
from tests.make.customers import a_person
from tests.make.organisation import a_chain
from web.cli import main


def test_names_get_new_keys_by_a_command_and_a_second_time_nothing(
    committed: Database, monkeypatch: pytest.MonkeyPatch
):
    with committed.session() as session:
        a_chain(session)
        customer_id = a_person(session, given_name="Håkan", family_name="Söderström")
        session.execute(sa.update(NameWord).values(version=0, keys=[], sounds=b""))
        session.execute(sa.update(CustomerWords).values(version=0, words=[]))
        session.commit()
    monkeypatch.setenv("ERP_CLUB_DATABASE_URL", committed.url.render_as_string(hide_password=False))
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    told = [CliRunner().invoke(main, ("names", "rekey")) for _ in range(2)]
    assert [each.exit_code for each in told] == [0, 0]
    assert ["3 entries have new keys." in told[0].output, "0 entries have new keys." in told[1].output] == [True, True]
    with committed.session() as session:
        assert [hit.customer_id for hit in find_by_name(session, "הוקן סודרסטרום", limit=5)] == [customer_id]
