# REQ O-01: what each kind of offer gives; O-06: how they stand beside each other
from tests.make.pricing import a_line, an_offer, priced, refusal

STACKABLE = {"mode": "stackable"}
TENTH = {"kind": "percent", "value_bp": 1000}
THREE_FOR_TWO = {"kind": "buy_get", "size": 3, "on": {"products": ["coffee"]}}
THREE_FOR_20 = {"kind": "bundle", "slots": [{"quantity": 3}], "price_minor": 2000}


def test_a_unit_serves_one_exclusive_offer_and_the_larger_saving_wins() -> None:
    basket = [a_line("coffee", 4, 800), a_line("tea", 1, 500)]
    answer = priced(
        basket, an_offer("TENTH", TENTH), an_offer("3FOR2", THREE_FOR_TWO), an_offer("3FOR20", THREE_FOR_20)
    )
    assert {each.offer: each.amount_minor for each in answer.applied} == {"3FOR2": 800, "TENTH": 130}
    assert refusal(answer, "3FOR20").beaten_by == "3FOR2"
    assert answer.total_minor == 3700 - 930


def test_stackable_shares_compose_on_what_remains() -> None:
    offers = [an_offer(code, TENTH, combination=STACKABLE) for code in ("A", "B", "C")]
    assert priced([a_line(count=3, unit_minor=10_000)], *offers).total_minor == 21_870


def test_a_hundred_percent_off_is_nothing_at_all_in_net_and_tax() -> None:
    answer = priced([a_line(unit_minor=333)], an_offer("FREE", {"kind": "percent", "value_bp": 10_000}))
    assert (answer.total_minor, answer.tax_minor, answer.lines[0].total_minor) == (0, 0, 0)
