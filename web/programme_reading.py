"""A JSON document as a programme, or what is wrong with it, by field and in words."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import N_, Text
from erp_club.programmes.engine.programme import Programme
from web.messages import MESSAGES, words_of
from web.offer_forms.reading import check_texts

_MESSAGES: Mapping[str, str] = MESSAGES | {
    "both_hours": N_("Give both hours, from and to."),
    "counter_named": N_("A counter's name goes with what counts a counter, and only with it."),
    "months_with_rolling": N_("A number of months, or of days, goes with a rolling period, and only with it."),
    "days_with_declared": N_("Days go with a declared period, and only with it."),
    "starts_month": N_("A first month goes with quarters, half-years and years, and only with them."),
    "multiple_of": N_("Enter a multiple with two decimals at most."),
    "days_in_order": N_("Put the days in order."),
    "amount_or_share": N_("Give one of these: an amount, a percentage or a price."),
    "amount_a_unit": N_("What is off each piece, litre or kilogram is an amount."),
    "measured_units": N_("Kilograms and litres are counted of so many with a percentage off, or for a price."),
    "to_month_end": N_("The end of a month goes with a number of months or days."),
    "months_or_days": N_("Give a number of months or of days, one of them."),
    "share_or_fee": N_("Give a percentage off or what it costs, not both."),
    "one_validity": N_("Give one length: days, months, or a last day."),
    "one_or_each_full": N_("Choose one at most in a purchase, or one for each full amount, not both."),
    "each_full": N_("One for each full purchase goes with a least purchase, and only with it."),
    "whole_months": N_("A beginning on the first of the month goes with the member's year, and only with it."),
    "usable_day": N_("Say from which day it can be used, where it is from a day."),
    "no_such_day": N_("There is no such day in the calendar."),
    "purchase_with_way": N_("A sum of purchase goes with joining by a purchase, and only with it."),
    "purchase_with_renewal": N_("A sum of purchase goes with renewal by a purchase, and only with it."),
    "one_day": N_("Give a day of each year or one last day."),
    "one_target": N_("Say what it becomes: points or money."),
    "freeze_months": N_("A number of months goes with freezing, and only with it."),
    "conversion_with_convert": N_("A conversion goes with points that are converted, and only with them."),
    "coupons_convert": N_("Coupons are kept, frozen or dropped."),
    "event_or_purchase": N_("Choose an event or the next purchase, not both."),
    "by_hand_alone": N_("A level that is given by hand has no figures."),
    "also_with_figure": N_("Further needs go with a figure of the level's own."),
    "keep_months": N_("A number of months goes with a level that is kept for months, and only with it."),
    "keep_to_month_end": N_("The end of a month goes with a level that is kept for months, and only with it."),
    "more_than_periods": N_("There can't be more of them than periods."),
    "days_or_months": N_("Give days before and after, or whole months, not both."),
    "longer_than_year": N_("These days must leave a part of the year."),
    "around_with_day": N_("The days around go with birthdays and anniversaries, and only with them."),
    "event_named": N_("An event's name goes with an event, and only with it."),
    "new_days": N_("A number of days goes with points that get new days, and only with them."),
    "code_twice": N_("Two rules have the same code. Give each its own."),
    "union_tag_invalid": N_("There is no such kind."),
    "union_tag_not_found": N_("Say which kind this is."),
    "time_parsing": N_("Enter a time as 18:30."),
    "time_type": N_("Enter a time as 18:30."),
    "time_with_offset": N_("Enter a time as 18:30."),
    "dict_type": N_("An object is needed here."),
    "model_type": N_("An object is needed here."),
    "model_attributes_type": N_("An object is needed here."),
    "tuple_type": N_("A list is needed here."),
}
_AT = {"months_or_days": "months"}
"""Faults of several fields together, and the one at which they are told."""


def read_programme(document: Any) -> Programme:
    """The document as a programme. Raises Invalid with a fault for each field, at its path in the document.

    Neither `true` nor "5" is a number.
    """
    check_texts(document)
    try:
        return Programme.model_validate_json(json.dumps(document), strict=True)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        raise Invalid([FieldError(_field(each, document), _words(each)) for each in found]) from error


def _field(error: ErrorDetails, document: Any) -> str:
    path, at = place(error["loc"], document), _AT.get(error["type"])
    return path if at is None else f"{path}.{at}"


def _words(error: ErrorDetails) -> Text:
    return words_of(error, _MESSAGES)


def place(loc: tuple[int | str, ...], document: Any) -> str:
    """Where it is in the document: pydantic also names the kind that it has taken an object for."""
    path, here, told = "", document, False
    for number, step in enumerate(loc):
        if step == "[key]":
            continue
        # The last step may be a field that is missing; any other that isn't there is the name of a kind. So is one that
        # is there, of a kind called like one of its fields: months.
        absent, last = not isinstance(here, Mapping) or step not in here, number == len(loc) - 1
        is_kind = _kind_of(here) == step
        if isinstance(step, str) and not told and ((absent and (is_kind or not last)) or (is_kind and not last)):
            told = True
            continue
        told = False
        if isinstance(step, int):
            path += f"[{step}]"
            here = here[step] if isinstance(here, list) and step < len(here) else None
        else:
            path += f"{'.' if path else ''}{step}"
            here = here.get(step) if isinstance(here, Mapping) else None
    return path or "document"


def _kind_of(here: Any) -> Any:
    return here.get("kind") if isinstance(here, Mapping) else None
