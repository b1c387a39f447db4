"""Numbers and PINs of prepaid and gift cards that are entered: proven before anything else, and guesses counted."""

from collections.abc import Sequence

from erp_club.stored_value.numbers import CardKey
from erp_club.stored_value.proof.commands import Entered, prove
from web.deps import Act


def proven(act: Act, entries: Sequence[Entered], *, also: Sequence[str] = ()) -> tuple[CardKey, ...]:
    """The cards of these entries, held until the request's transaction ends; `also` as in `prove`.

    Call it before anything is written: what a wrong entry counts is committed although the request is refused.
    """
    if not entries:
        return ()
    proof = prove(act.session, entries, scope=act.identity.scope, now=act.now, also=also)
    if proof.refusal is not None:
        act.refuse_after_commit(proof.refusal)
    return proof.keys
