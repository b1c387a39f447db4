"""How many requests one sender may send: a bucket that fills evenly, so that a burst is let through and a flood isn't.

Counted in each process: it keeps a process from drowning. What is worth guessing is counted in the database.
"""

from dataclasses import dataclass, field

BURST_SECONDS = 10
"""So much of a minute's requests may come at one moment."""
MOST_SENDERS = 10_000


@dataclass
class Limit:
    """Buckets by sender, of `per_minute` requests each; 0 is no limit. Times are seconds of any steady clock."""

    per_minute: int
    _full_at: dict[str, float] = field(default_factory=dict[str, float])

    def wait(self, who: str, now: float) -> float:
        """Take one request of this sender; how many seconds are to wait first, 0 where it is let through."""
        if not self.per_minute:
            return 0.0
        each = 60 / self.per_minute
        # When the bucket is full again tells how empty it is: one number for each sender, and nothing to refill.
        full_at = max(self._full_at.get(who, now), now) + each
        over = full_at - now - max(BURST_SECONDS, each)
        if over > 0:
            return over
        if len(self._full_at) >= MOST_SENDERS:
            self._full_at = {each_one: at for each_one, at in self._full_at.items() if at > now}
        self._full_at[who] = full_at
        return 0.0
