# Logs without personal data
from web.logs import without_details


def test_a_trace_keeps_the_reason_and_loses_the_row() -> None:
    trace = (
        "Traceback\nUniqueViolation: duplicate key\nDETAIL:  Key (email)=(yael@example.org) already exists.\n[SQL: …]"
    )
    kept = without_details(None, "error", {"event": "crash", "exception": trace})["exception"]
    assert "duplicate key" in kept
    assert "yael" not in kept
