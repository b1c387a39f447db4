# REQ P-05 O-09 V-02 T-03: of 50 tills at once after the last of something, exactly as many get it as there is
from erp_club.kernel.db import Database
from tests.torture.races import TILLS, race

ROUNDS = 2


def test_fifty_tills_after_the_last_points_one_coupon_and_one_card(committed: Database) -> None:
    database = Database(committed.url, keyring=committed.keyring, pool_size=TILLS)
    try:
        faults, _ = race(database, ROUNDS)
    finally:
        database.engine.dispose()
    assert faults == []
