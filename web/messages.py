"""What is wrong with a value, in words: by the kind of fault that pydantic names."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic_core import ErrorDetails

from erp_club.kernel.text import N_, T, Text

MESSAGES: dict[str, str] = {
    "missing": N_("This field is required."),
    "string_too_short": N_("This is too short."),
    "string_too_long": N_("This is too long."),
    "string_type": N_("Enter a text."),
    "string_pattern_mismatch": N_("This isn't in the right form."),
    "int_type": N_("Enter a whole number."),
    "int_parsing": N_("Enter a whole number."),
    "int_parsing_size": N_("This number is too large."),
    "int_from_float": N_("Enter a whole number."),
    "decimal_parsing": N_("Enter a number."),
    "decimal_type": N_("Enter a number."),
    "quantity_form": N_("Enter a number with at most three decimals, such as 1 or 0.755."),
    "greater_than": N_("This number is too small."),
    "greater_than_equal": N_("This number is too small."),
    "less_than": N_("This number is too large."),
    "less_than_equal": N_("This number is too large."),
    "bool_parsing": N_("Answer yes or no."),
    "bool_type": N_("Answer yes or no."),
    "date_from_datetime_parsing": N_("Enter a date as year-month-day."),
    "date_parsing": N_("Enter a date as year-month-day."),
    "day_range": N_("Choose a day between the years 1900 and 2999."),
    "date_type": N_("Enter a date as year-month-day."),
    "date_from_datetime_inexact": N_("Enter a date as year-month-day."),
    "datetime_parsing": N_("Enter a time as 2026-11-22T14:05:00+02:00."),
    "datetime_from_date_parsing": N_("Enter a time as 2026-11-22T14:05:00+02:00."),
    "datetime_type": N_("Enter a time as 2026-11-22T14:05:00+02:00."),
    "timezone_aware": N_("Enter a time as 2026-11-22T14:05:00+02:00."),
    "days_form": N_("Enter days as 24.12, 21.4.2027 or 1.12–31.12, between commas."),
    "enum": N_("Choose one of the values that are offered."),
    "literal_error": N_("Choose one of the values that are offered."),
    "extra_forbidden": N_("There is no such field."),
    "too_short": N_("Enter at least one."),
    "too_long": N_("These are too many."),
    "uuid_parsing": N_("This isn't in the right form."),
    "uuid_type": N_("This isn't in the right form."),
    "characters": N_("This has characters that can't be stored."),
    "json_invalid": N_("The body isn't valid JSON."),
    "model_attributes_type": N_("Send a JSON object with Content-Type: application/json."),
}
MOST_TOLD = 20
"""More values than these are for a list to choose from."""
OTHERWISE = N_("This value can't be taken.")
_NO_SUCH_DAY = N_("There is no such day. Check the day and the month.")


def words_of(error: Mapping[str, Any] | ErrorDetails, messages: Mapping[str, str] = MESSAGES) -> Text:
    """What is wrong, of one of pydantic's errors. A day in the right form may still not be there, as 30 February."""
    kind, said = error["type"], error.get("msg", "")
    if kind.startswith("date") and ("day value is outside" in said or "month value is outside" in said):
        return T(_NO_SUCH_DAY)
    offered = (
        re.findall("'([^']*)'", error.get("ctx", {}).get("expected", "")) if kind in {"enum", "literal_error"} else []
    )
    if offered and len(offered) <= MOST_TOLD:
        return T("Choose one of these: %(choices)s.", choices=", ".join(offered))
    return T(messages.get(kind, OTHERWISE))
