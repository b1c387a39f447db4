"""What pages show of customers who may be one person."""

import datetime as dt
from typing import Any

from pydantic import BaseModel, Field

from erp_club.customers.duplicates.commands import facts_of
from erp_club.customers.duplicates.pairs import queries as pairs
from erp_club.customers.duplicates.queries import Candidate
from erp_club.kernel.text import N_
from web.deps import Act
from web.forms import FormState
from web.i18n import translate
from web.lists import COUNTED, ListState

_SAME = {
    "id_number": N_("same ID number"),
    "card": N_("same card"),
    "birthday": N_("same birthday"),
    "mobile": N_("same mobile"),
    "phone": N_("same phone"),
    "email": N_("same e-mail"),
    "address": N_("same address"),
}


class CandidateLine(BaseModel):
    """A customer who may be the person. `same` names what is the same besides the name.

    `score` is how alike the names are, 0 to 1. Contact and birthday are whole only for who may change them.
    """

    customer_id: int
    number: str
    given_name: str
    family_name: str
    second_name: str | None
    birthday: dt.date | None
    mobile: str | None
    phone: str | None
    email: str | None
    street: str | None
    city: str | None
    same: list[str]
    score: float

    @property
    def name(self) -> str:
        """Given and family name."""
        return f"{self.given_name} {self.family_name}".strip()

    @property
    def reasons(self) -> list[str]:
        """What is the same, in words."""
        return [translate(_SAME[each]) for each in self.same if each in _SAME]


class Candidates(BaseModel):
    """Who somebody may be. `form` is the id of the form that opens them, `at_till` where choosing puts into the sale.

    `sure`: nobody else has that document or card, so that it can't be another person. `confirmed` are those of whom
    was said already that it is another one.
    """

    candidates: list[CandidateLine]
    sure: bool = False
    confirmed: list[int] = []
    at_till: bool = Field(default=False, exclude=True)
    refused: bool = Field(default=False, exclude=True)


class PairLine(BaseModel):
    """Two customers who may be one person."""

    low: CandidateLine
    high: CandidateLine
    reasons: list[str] = Field(exclude=True)


class PairsPage(BaseModel):
    """The undecided pairs, by page; `looked_at` is when they were looked for."""

    pairs: list[PairLine]
    state: ListState
    looked_at: dt.datetime | None


def candidates_view(act: Act, found: list[Candidate], *, confirmed: list[int], at_till: bool) -> Candidates:
    """Who somebody may be while the form is filled in; those who were ruled out are left out."""
    asked = [each for each in found if each.sure or each.customer_id not in confirmed]
    lines = [CandidateLine.model_validate(facts) for facts in facts_of(act.session, asked, act.by)]
    return Candidates(
        candidates=lines,
        sure=any(each.sure for each in asked),
        confirmed=confirmed,
        at_till=at_till,
    )


def refused_candidates(act: Act, form: FormState, *, at_till: bool) -> Candidates:
    """Those whom a refusal named, for the form that comes back."""
    told: list[Any] = form.facts.get("candidates", [])
    known = form.facts.get("customer_id")
    if not told and isinstance(known, int) and "id_number" in form.errors:
        # Another till was quicker by a moment: only the table's own law has told.
        told = facts_of(act.session, [Candidate(known, 1.0, ("id_number",))], act.by)
    lines = [CandidateLine.model_validate(each) for each in told]
    return Candidates(
        candidates=lines,
        sure=any(each in ("id_number", "card") for line in lines for each in line.same),
        confirmed=confirmed_in(form),
        at_till=at_till,
        refused=True,
    )


def confirmed_in(form: FormState) -> list[int]:
    """Of whom a form that was typed says that it is another person."""
    typed = form.values.get("confirmed_not[]", [])
    words = [word for each in (typed if isinstance(typed, list) else [typed]) for word in str(each).split(",")]
    return [int(word) for word in words if word.isascii() and word.isdigit() and len(word) < 19]


def pairs_view(act: Act, state: ListState) -> PairsPage:
    """A page of the undecided pairs."""
    state = state.counted(pairs.count(act.session, most=COUNTED + 1))
    rows = pairs.pairs(act.session, offset=state.offset, limit=min(state.per_page, state.total))
    ids = {each for row in rows for each in (row.low_id, row.high_id)}
    told = {
        facts["customer_id"]: facts
        for facts in facts_of(act.session, [Candidate(each, 0.0, ()) for each in ids], act.by)
    }
    lines: list[PairLine] = []
    for row in rows:
        same = {"same": list(row.same), "score": row.score}
        low, high = (CandidateLine.model_validate(told[each] | same) for each in (row.low_id, row.high_id))
        lines.append(PairLine(low=low, high=high, reasons=low.reasons))
    return PairsPage(pairs=lines, state=state, looked_at=pairs.looked_at(act.session))
