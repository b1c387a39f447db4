# REQ A-04 P-03 V-02 T-03: nothing is lost, doubled or spent twice while the server and PostgreSQL are killed
import socket
from pathlib import Path

from tests.torture.run import torture

SECONDS, KILLS = 60.0, 4


def test_tills_that_send_everything_three_times_lose_and_double_nothing(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    outcome = torture(tmp_path, port=port, seconds=SECONDS, kills=KILLS)
    assert outcome.faults == []
    done = {each.kind for each in outcome.asked if each.answer and each.answer.status == 201}
    assert done == {"sale", "coupon", "points", "gift-card", "return"}
    assert (outcome.web_kills, outcome.postgres_kills) == (KILLS // 2, KILLS // 2)
