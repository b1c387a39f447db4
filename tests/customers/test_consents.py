# REQ X-01 A-02: each yes and no is kept with the wording that it answers
import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from erp_club.customers.commands import edit_customer, open_customer
from erp_club.customers.consents import queries
from erp_club.customers.consents.commands import LONGEST, word
from erp_club.customers.consents.models import ConsentWording
from erp_club.customers.fields import CustomerFields
from erp_club.kernel.audit import AuditEntry
from erp_club.kernel.errors import Invalid
from erp_club.permissions.actors import SYSTEM
from tests.make.customers import NOW, a_person
from tests.make.organisation import a_store, a_terminal, an_actor, somebody

LATER = NOW + dt.timedelta(days=1)


def test_a_consent_keeps_the_wording_of_then_in_the_language_that_was_read(session: Session):
    word(session, "sms", {"en": "Send me offers", "he": "שלחו לי הצעות"}, now=NOW, by=SYSTEM)
    fields = CustomerFields(given_name="Yael", consent_sms=True, consent_email=True)
    customer_id = open_customer(session, fields, country="IL", now=NOW, by=SYSTEM, language="he")
    word(session, "sms", {"en": "Send me many offers"}, now=LATER, by=SYSTEM)
    edit_customer(session, customer_id, {"consent_sms": False}, country="IL", now=LATER, by=SYSTEM, language="he")
    latest, *first = queries.history(session, customer_id)
    assert (latest.given, latest.version, latest.language, latest.text) == (False, 2, "en", "Send me many offers")
    by_channel = {each.channel: each for each in first}
    assert (by_channel["sms"].version, by_channel["sms"].text) == (1, "שלחו לי הצעות")
    assert (by_channel["email"].version, by_channel["email"].text) == (None, None)  # nobody has worded it


def test_what_came_without_a_reader_keeps_no_wording(session: Session):
    word(session, "sms", {"en": "Send me offers"}, now=NOW, by=SYSTEM)
    [said] = queries.history(session, a_person(session, consent_sms=True))
    assert (said.version, said.language, said.text) == (None, None, None)


def test_the_history_says_who_where_and_how(session: Session):
    store = a_store(session, "374")
    terminal_id, _ = a_terminal(session, store)
    cashier = an_actor(somebody(session), terminal_id=terminal_id, store_id=store.id)
    [said] = queries.history(session, a_person(session, by=cashier, consent_post=False))
    assert (said.channel, said.given, said.source, said.at) == ("post", False, "till", NOW)
    assert (said.staff, said.store, said.till) == ("Somebody cashier", "Store 374", 1)


def test_a_wording_is_a_new_version_only_when_it_changes_and_is_never_changed_itself(session: Session):
    assert word(session, "sms", {"en": "One", "fi": " "}, now=NOW, by=SYSTEM) == 1
    assert word(session, "sms", {"en": " One "}, now=NOW, by=SYSTEM) == 1
    assert word(session, "sms", {"en": "Two"}, now=LATER, by=SYSTEM) == 2
    assert word(session, "email", {"en": "Two"}, now=LATER, by=SYSTEM) == 1
    changes = session.scalars(
        sa.select(AuditEntry).where(AuditEntry.action == "consent-wording.change").order_by(AuditEntry.id)
    ).all()
    assert [(each.entity_id, each.before, each.after) for each in changes] == [
        ("sms", None, {"en": "One"}),
        ("sms", {"en": "One"}, {"en": "Two"}),
        ("email", None, {"en": "Two"}),
    ]
    with pytest.raises(DBAPIError):
        session.execute(sa.update(ConsentWording).values(texts={"en": "Other"}))


@pytest.mark.parametrize(("texts", "field"), [({}, "texts.en"), ({"he": "x" * (LONGEST + 1)}, "texts.he")])
def test_a_wording_says_something_and_not_too_much(session: Session, texts: dict[str, str], field: str):
    with pytest.raises(Invalid) as refused:
        word(session, "sms", texts, now=NOW, by=SYSTEM)
    assert [error.field for error in refused.value.fields] == [field]
