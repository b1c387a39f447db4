"""What is invented around the real purchases follows the stated rules."""

import datetime as dt

from erp_club.clubs.periods import first_period
from erp_club.clubs.setup.settings import faults
from erp_club.demo.offers import OFFERS
from erp_club.demo.story import CHAIN, CLUBS, number_of, renewals, store_place
from erp_club.promotions import documents
from erp_club.promotions.engine.offer import Offer

TODAY = dt.date(2026, 11, 22)
FAMILY, GOLD, GREEN = CLUBS


def last_days(club: object, n: int, joined_on: dt.date) -> list[dt.date]:
    assert club is GOLD or club is GREEN
    chosen = GOLD if club is GOLD else GREEN
    first = first_period(joined_on, chosen.settings.term_months).last
    assert first is not None
    spans = [span for span, _ in renewals(chosen, n, joined_on, today=TODAY)]
    return [first, *(span.last for span in spans if span.last is not None)]


def test_clubs_are_as_head_office_could_have_set_them_up():
    assert [faults(club.settings, language=CHAIN["language"]) for club in CLUBS] == [[], [], []]
    assert all(set(club.settings.names) == {"he", "fi", "sv", "en"} for club in CLUBS)


def test_who_joined_which_club_follows_from_the_customers_number():
    n = number_of("C000009")
    assert FAMILY.joined_on(n) == dt.date(2016, 1, 1) + dt.timedelta(days=333)
    assert GOLD.joined_on(n) == dt.date(2016, 3, 1) + dt.timedelta(days=477)
    assert GREEN.joined_on(n) == dt.date(2016, 6, 1) + dt.timedelta(days=261)
    assert FAMILY.joined_on(10) is None
    assert GOLD.joined_on(10) is None
    assert GREEN.joined_on(10) is None


def test_a_membership_is_renewed_early_without_a_gap():
    n = 9  # twice in GOLD
    joined_on = dt.date(2017, 6, 21)
    assert last_days(GOLD, n, joined_on) == [dt.date(2018, 6, 20), dt.date(2019, 6, 20), dt.date(2020, 6, 20)]


def test_some_renew_three_weeks_late_and_have_gaps():
    n = 22 * 7 + 11 * 2  # divides by 11, n mod 7 = 1: once
    span, paid_on = next(renewals(GOLD, n, dt.date(2017, 1, 1), today=TODAY))
    assert paid_on == span.first == dt.date(2018, 1, 20)


def test_the_faithful_are_members_today():
    n = 3
    assert n % GOLD.renewals_of == 3
    assert last_days(GOLD, n, dt.date(2017, 1, 1))[-1] > TODAY


def test_nothing_is_renewed_after_today():
    for n in range(200):
        assert all(paid_on <= TODAY for _, paid_on in renewals(GOLD, n, dt.date(2017, 1, 1), today=TODAY))


def test_every_store_has_a_name_of_its_own():
    places = [store_place(rank) for rank in range(600)]
    assert places[0] == ("Haifa", "Haifa Central")
    assert len({name for _, name in places}) == 600


def test_offers_are_as_head_office_could_have_written_them():
    for document in OFFERS:
        offer = Offer.model_validate(document)
        assert documents.faults(offer, language=CHAIN["language"], today=TODAY) == []
        texts = [offer.names, *(text for text in (offer.receipt_message, offer.till_message) if text)]
        assert all(set(text) == {"he", "fi", "sv", "en"} for text in texts), offer.code
