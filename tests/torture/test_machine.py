# REQ P-03 P-05 P-08 P-09 P-11 M-08 M-14: whatever is done with points in whatever order, they follow from what happened
from sqlalchemy.orm import Session

from tests.torture import machine

STEPS = 2_000


def test_two_thousand_steps_break_nothing(session: Session) -> None:
    machine.run(session, steps=STEPS)
