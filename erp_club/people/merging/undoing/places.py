"""The place in a household that went along with a merge, given back."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from erp_club.clubs.commands import Held
from erp_club.clubs.households.commands import Share, hand_over, hold_two, link, unlink
from erp_club.clubs.households.queries import place_of, places_of
from erp_club.points.ledger.commands import Cause, hold_account
from erp_club.programmes.households.queries import own_points


def give_place_back(session: Session, told: Mapping[str, Any], *, cause: Cause) -> None:
    """Let the one who is back have the place again, where the survivor has it still.

    A survivor who was in no household before goes on alone, with what they brought and earned themselves. Raises
    Conflict `points-frozen`.
    """
    place, own, of = told.get("place"), told["membership"], told["of"]
    now = place_of(session, own)
    if place is None or now is None or now.household_id != place["household"]:
        return
    main_id = places_of(session, now.household_id)[0].membership_id
    link(session, *hold_two(session, main_id, of), cause=cause)
    if place["main"] and main_id == own:
        hand_over(session, *hold_two(session, own, of), cause=cause)
        main_id = of
    if place["took"] and main_id != own:
        main, leaver = hold_two(session, main_id, own)
        unlink(session, main, leaver, _share(session, main, leaver, cause), cause=cause)


def _share(session: Session, main: Held, leaver: Held, cause: Cause) -> Share:
    held = hold_account(session, main.account)
    alive = sum(lot.remaining for lot in held.lots if not lot.expired(cause.on))
    own = own_points(session, main.account, leaver.customer_id)
    return Share(min(max(own, 0), alive), min(max(-own, 0), held.debt), own=True)
