"""Joining, term, renewal, fees, households, and what becomes of points and coupons: in plain sentences. Pure."""

from collections.abc import Callable, Iterator

from erp_club.kernel.text import TN, Listed, Rate, T, Text
from erp_club.programmes.engine import membership as m
from erp_club.programmes.engine.parts import Measure
from erp_club.programmes.sentences.gifts import year_day
from erp_club.programmes.sentences.words import (
    Say,
    Words,
    clubs,
    listed,
    measure,
    set_ones,
)

_WAYS = {
    m.Way.REQUEST: T("by asking for it"),
    m.Way.PURCHASE: T("by a purchase"),
    m.Way.INVITATION: T("by invitation"),
}
_BEGINS = {
    m.Begins.PAID: T("Membership begins when the fee is paid."),
    m.Begins.CONFIRMED: T("Membership begins when it is confirmed by message."),
}
_STAFF = {
    m.Staff.EXCLUDED: T("People who work for the chain can't join."),
    m.Staff.ONLY: T("Only people who work for the chain can join."),
}

_DATA = {
    "given_name": T("Given name"), "family_name": T("Family name"), "id_number": T("ID number"), "phone": T("Phone"),
    "mobile": T("Mobile"), "email": T("E-mail"), "street": T("Street"), "postcode": T("Postcode"), "city": T("City"),
    "country": T("Country"), "birthday": T("Birthday"), "anniversary": T("Wedding anniversary"), "gender": T("Gender"),
    "language": T("Language"), "home_store": T("Home store"), "own_id": T("Own identifier"),
}  # fmt: skip


def joining(rule: m.Joining, words: Words) -> Iterator[Text]:
    """How to join, and who may."""
    yield T("One joins %(ways)s.", ways=Listed(tuple(_WAYS[way] for way in rule.ways)))
    if rule.purchase_minor is not None:
        yield T(
            "A purchase of at least %(amount)s makes a member, and counts itself.",
            amount=words.money(rule.purchase_minor),
        )
    if rule.purchase_of != Measure():
        yield T("For joining counts %(measure)s.", measure=measure(rule.purchase_of, words))
    yield from set_ones(rule, {
        "invitation_days": lambda days: TN(
            "An invitation is good for %(num)s day.", "An invitation is good for %(num)s days.", days
        ),
        "begins": lambda begins: _BEGINS[begins],
    })  # fmt: skip
    yield from set_ones(rule.eligibility, {
        "min_age": lambda age: T("Members are at least %(age)s years old.", age=age),
        "max_age": lambda age: T("Members are at most %(age)s years old when they join.", age=age),
        "guardian_below_age": lambda age: T("Below the age of %(age)s a guardian must agree.", age=age),
        "private_only": lambda _: T("Only private persons can join."),
        "staff": lambda staff: _STAFF[staff],
        "countries": lambda codes: T("Only for people who live in %(countries)s.", countries=listed(codes)),
        "required_data": lambda names: T(
            "To join one must give: %(fields)s.", fields=Listed(tuple(_DATA.get(each) or each for each in names), "and")
        ),
        "segments": lambda names: T("Only customers of segment %(segments)s can join.", segments=listed(names)),
        "not_with_clubs": lambda codes: T("Members of %(clubs)s can't join.", clubs=clubs(codes, words)),
    })  # fmt: skip


_WITH_ITS_MONTH = T("It ends with the month in which they are over.")


_UNTIL_AGE: dict[str, Callable[[int], Text]] = {
    "member": lambda age: T("A membership lasts until the member becomes %(age)s.", age=age),
    "child": lambda age: T("A membership lasts until the youngest child known when joining becomes %(age)s.", age=age),
}


def term(rule: m.Term, words: Words) -> Iterator[Text]:
    """For how long."""
    match rule:
        case m.MonthsTerm():
            yield TN("A membership lasts %(num)s month.", "A membership lasts %(num)s months.", rule.months)
            if rule.to_month_end:
                yield _WITH_ITS_MONTH
        case m.LifetimeTerm():
            yield T("A membership has no end.")
        case m.AgeTerm():
            yield _UNTIL_AGE[rule.of](rule.age)
        case m.SlidingTerm():
            yield TN(
                "A membership lasts %(num)s month from each purchase anew.",
                "A membership lasts %(num)s months from each purchase anew.",
                rule.months,
            )
            if rule.to_month_end:
                yield _WITH_ITS_MONTH
            if rule.least_minor is not None:
                yield T("Only a purchase of %(amount)s or more prolongs it.", amount=words.money(rule.least_minor))
            yield T("What is brought back no longer prolongs it; it holds to the end of that day at least.")
        case m.DateTerm():
            if rule.each_year is not None:
                yield T("A membership lasts until %(day)s of each year.", day=year_day(rule.each_year))
            if rule.last_day is not None:
                yield T("A membership lasts until %(day)s.", day=rule.last_day)
            if rule.least_days:
                yield TN(
                    "Who joins less than %(num)s day before is a member for a year more.",
                    "Who joins less than %(num)s days before is a member for a year more.",
                    rule.least_days,
                )


_RENEWED_BY = {
    m.RenewedBy.ITSELF: T("It is renewed by itself."),
    m.RenewedBy.PURCHASE: T("It is renewed by a purchase."),
}


def renewal(rule: m.Renewal, words: Words) -> Iterator[Text]:
    """How it goes on."""
    table: dict[str, Say] = {
        "by": lambda by: _RENEWED_BY[by],
        "begins": lambda _: T("A renewed term begins on the day of renewal."),
        "months": lambda n: TN("A renewal gives %(num)s month.", "A renewal gives %(num)s months.", n),
        "earliest_days": lambda n: TN(
            "It can be renewed from %(num)s day before its end.",
            "It can be renewed from %(num)s days before its end.",
            n,
        ),
        "purchase_minor": lambda minor: T("The purchase must come to %(amount)s.", amount=words.money(minor)),
        "grace_days": lambda n: TN(
            "A renewal up to %(num)s day late counts as on time.",
            "A renewal up to %(num)s days late counts as on time.",
            n,
        ),
        "benefits_in_grace": lambda _: T("Benefits are given in these days too."),
        "warning_days": lambda n: TN(
            "The member is told of the end %(num)s day before.", "The member is told of the end %(num)s days before.", n
        ),
    }
    yield from set_ones(rule, table)


_REFUND = {
    m.Refund.PRO_RATA: T("When a membership is ended, the fee for the days that are left comes back."),
    m.Refund.WHOLE: T("When a membership is ended, the whole fee comes back."),
}


def fees(rule: m.Fees, words: Words) -> Iterator[Text]:
    """What it costs."""
    table: dict[str, Say] = {
        "joining_minor": lambda minor: T("Joining costs %(amount)s.", amount=words.money(minor)),
        "joining_product": lambda sku: T("It is sold at the till as product %(sku)s.", sku=listed((sku,))),
        "renewal_minor": lambda minor: T("Renewing costs %(amount)s.", amount=words.money(minor)),
        "renewal_product": lambda sku: T("Renewal is sold at the till as product %(sku)s.", sku=listed((sku,))),
        "refund": lambda refund: _REFUND[refund],
        "refund_days": lambda n: TN(
            "Within %(num)s day of paying the fee comes back wholly.",
            "Within %(num)s days of paying the fee comes back wholly.",
            n,
        ),
        "deposit": lambda _: T("The fee is a share that stays the member's own and comes back on leaving."),
    }
    yield from set_ones(rule, table)
    if rule.joining_waiver is not None:
        yield from _joining_waiver(rule.joining_waiver, words)
    if rule.waiver is not None:
        yield from _waiver(rule.waiver, words)
    if rule.instalments is not None:
        first = words.money(rule.instalments.first_minor)
        yield T("At joining %(amount)s are paid, the rest is taken from rewards.", amount=first)
        if rule.instalments.within_months is not None:
            months = rule.instalments.within_months
            yield TN(
                "So only of the first %(num)s month; what is missing then is let go.",
                "So only of the first %(num)s months; what is missing then is let go.",
                months,
            )
    for fee in rule.levels:
        yield from _level_fee(fee, words)
    for fee in rule.segments:
        yield T(
            "Who is in segment %(segments)s joins for %(joining)s and renews for %(renewing)s.",
            segments=listed(fee.segments),
            joining=words.money(fee.joining_minor),
            renewing=words.money(fee.renewal_minor),
        )
    for fee in rule.terms:
        yield from _length(fee, rule, words)


def _length(fee: m.TermFee, fees: m.Fees, words: Words) -> Iterator[Text]:
    """Another length that may be chosen, whose it is, and what it costs."""
    values: dict[str, object] = {
        "joining": words.money(fee.joining_minor), "renewing": words.money(fee.renewal_minor)
    }  # fmt: skip
    yield TN(
        "One may choose %(num)s month instead, for %(joining)s to join and %(renewing)s to renew.",
        "One may choose %(num)s months instead, for %(joining)s to join and %(renewing)s to renew.",
        fee.months,
        **values,
    )
    if fee.level is not None:
        yield T("That is the price at the level %(level)s.", level=words.level(fee.level))
    if fee.segments:
        yield T("Only who is in segment %(segments)s may choose this.", segments=listed(fee.segments))
    if not fee.waived:
        yield T("What makes membership cheaper or free doesn't count for this length.")
    elif fees.waiver is not None or fees.joining_waiver is not None:
        yield T("What makes membership cheaper or free counts for this length too.")


def _joining_waiver(rule: m.Waiver, words: Words) -> Iterator[Text]:
    """By what the same sale comes to."""
    for step in (rule, *rule.steps):
        values: dict[str, object] = {"amount": words.money(step.at_least_minor), **_costs(step, words)}
        if step.fee_minor is not None:
            yield T("Who buys for %(amount)s in that same sale joins for %(fee)s.", **values)
        elif step.off_bp == 10_000:
            yield T("Who buys for %(amount)s in that same sale joins free of charge.", **values)
        else:
            yield T("Who buys for %(amount)s in that same sale joins at %(rate)s off.", **values)
    yield T("For this counts %(measure)s, before anything is taken off.", measure=measure(rule.of, words))


def _waiver(rule: m.Waiver, words: Words) -> Iterator[Text]:
    """The first sum with what counts for it, then each further one."""
    values: dict[str, object] = {
        "amount": words.money(rule.at_least_minor), "measure": measure(rule.of, words), **_costs(rule, words)
    }  # fmt: skip
    if rule.fee_minor is not None:
        yield T("Renewal costs %(fee)s where %(measure)s in the ending term comes to %(amount)s.", **values)
    elif rule.off_bp == 10_000:
        yield T("Renewal is free where %(measure)s in the ending term comes to %(amount)s.", **values)
    else:
        yield T("Renewal is %(rate)s off where %(measure)s in the ending term comes to %(amount)s.", **values)
    for step in rule.steps:
        values = {"amount": words.money(step.at_least_minor), **_costs(step, words)}
        if step.fee_minor is not None:
            yield T("From %(amount)s on renewal costs %(fee)s.", **values)
        elif step.off_bp == 10_000:
            yield T("From %(amount)s on renewal is free.", **values)
        else:
            yield T("From %(amount)s on renewal is %(rate)s off.", **values)


def _costs(step: m.WaiverStep, words: Words) -> dict[str, object]:
    if step.fee_minor is not None:
        return {"fee": words.money(step.fee_minor)}
    return {} if step.off_bp == 10_000 else {"rate": Rate(step.off_bp)}


def _level_fee(fee: m.LevelFee, words: Words) -> Iterator[Text]:
    joining, renewing = words.money(fee.joining_minor), words.money(fee.renewal_minor)
    level = words.level(fee.level)
    yield T(
        "The level %(level)s costs %(joining)s to join and %(renewing)s to renew.",
        level=level,
        joining=joining,
        renewing=renewing,
    )
    if fee.upgrade_pro_rata:
        yield T("An upgrade to %(level)s costs the difference for the days that are left.", level=level)
    else:
        yield T("An upgrade to %(level)s costs the whole difference.", level=level)


_LEAVER = {
    m.Leaver.NOTHING: T("Who leaves takes no points along."),
    m.Leaver.EQUAL_SHARE: T("Who leaves takes an equal share of the points along."),
    m.Leaver.OWN_EARNED: T("Who leaves takes along the points of own purchases."),
}


_REDEEMS = {
    m.Redeems.ALL: T("All may redeem."),
    m.Redeems.MAIN: T("Only the main member may redeem."),
    m.Redeems.NAMED: T("The main member may redeem, and whom the main member names."),
}


def household(rule: m.Household) -> Iterator[Text]:
    """Who shares an account."""
    yield T("Up to %(count)s persons share one account.", count=rule.most_persons)
    table: dict[str, Say] = {
        "same_address": lambda _: T("All live at the same address."),
        "one_per_household": lambda _: T("A household has one membership."),
        "invitation_days": lambda n: TN(
            "An invitation to share is good for %(num)s day.", "An invitation to share is good for %(num)s days.", n
        ),
        "min_age": lambda age: T("Who shares is at least %(age)s years old.", age=age),
    }
    yield from set_ones(rule, table)
    yield T("All see the account.") if rule.sees is m.Who.ALL else T("Only the main member sees the account.")
    yield _REDEEMS[rule.redeems]
    yield _LEAVER[rule.leaver]
    yield T("The main member's year counts.") if rule.year_of_main else T("Each person's own year counts.")
    yield T("All have one level.") if rule.shared_level else T("Each person has a level of its own.")


_POINTS = {
    m.Outcome.KEEP: T("points are kept"), m.Outcome.FREEZE: T("points are frozen and come back on renewal"),
    m.Outcome.DROP: T("points are lost"), m.Outcome.CONVERT: T("points are converted"),
}  # fmt: skip
_COUPONS = {
    m.Outcome.KEEP: T("coupons are kept"), m.Outcome.FREEZE: T("coupons are frozen and come back on renewal"),
    m.Outcome.DROP: T("coupons are lost"),
}  # fmt: skip


def fate(lead: Text, rule: m.Fate, words: Words) -> Iterator[Text]:
    """What becomes of points and coupons when a membership isn't renewed, or is ended."""
    values = {"points": _POINTS[rule.points], "coupons": _COUPONS[rule.coupons]}
    yield Text(lead.msgid, values)
    if rule.freeze_months is not None:
        yield TN("Frozen for %(num)s month.", "Frozen for %(num)s months.", rule.freeze_months)
    if rule.conversion is not None:
        yield conversion(rule.conversion, words)


def conversion(rule: m.Conversion, words: Words) -> Text:
    """What points become."""
    value = words.points(rule.to_points) if rule.to_points is not None else words.money(rule.to_minor or 0)
    values = {"points": words.points(rule.from_points), "value": value}
    if rule.to_club is None:
        return T("Every %(points)s become %(value)s.", **values)
    return T("Every %(points)s become %(value)s in %(club)s.", club=clubs((rule.to_club,), words), **values)
