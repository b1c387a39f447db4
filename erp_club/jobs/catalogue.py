"""Every job of the product, and the order of the night."""

from erp_club.jobs.birthdays import BIRTHDAYS
from erp_club.jobs.conversions import POINTS_CONVERT
from erp_club.jobs.coupons import COUPONS_ISSUE
from erp_club.jobs.declared import Job
from erp_club.jobs.duplicates import DUPLICATES_FIND
from erp_club.jobs.exports.job import EXPORT, EXPORTS_FORGET
from erp_club.jobs.forecasts import FORECAST
from erp_club.jobs.gifts import GIFTS_GIVE
from erp_club.jobs.held_sales import HELD_SALES
from erp_club.jobs.levels import LEVELS
from erp_club.jobs.memberships import MEMBERSHIPS_LAPSE
from erp_club.jobs.names import NAMES_REKEY
from erp_club.jobs.points import POINTS_EXPIRE
from erp_club.jobs.programmes.job import POINTS_PROGRAMME
from erp_club.jobs.queries import Before
from erp_club.jobs.renewals import MEMBERSHIPS_RENEW
from erp_club.jobs.retention import RETENTION
from erp_club.jobs.rewards import PERIOD_REWARDS
from erp_club.jobs.seals import AUDIT_SEAL, LEDGER_SEAL
from erp_club.jobs.segments import ROLLUPS, SEGMENTS_REFRESH
from erp_club.jobs.stored_value import STORED_VALUE_EXPIRE
from erp_club.jobs.tidy import RUNS_TIDY
from erp_club.jobs.verify import LEDGER_VERIFY
from erp_club.jobs.what_if import WHAT_IF

NIGHT = (
    "period-rewards",
    "gifts-give",
    "points-convert",
    "memberships-renew",
    "memberships-lapse",
    "points-expire",
    "stored-value-expire",
    "levels",
    "ledger-seal",
    "ledger-verify",
)
"""The order of what is done each night: periods are settled, gifts are given whose day has come, points are converted
where other rules begin, memberships go on by themselves or end, points and money on cards expire, levels are looked at
again, and last the ledger is sealed and verified. Before all of it points that were waiting become available: by their
day, which every read of a lot looks at, so that no job can be late with them. A scheduled run waits until those before
it of the same day are over. What only looks at the ledger doesn't wait for people: it goes on while a run before it
awaits its approval."""

_LOOKS = {"ledger-seal", "ledger-verify"}
BEFORE = {name: Before(NIGHT[:place], name not in _LOOKS) for place, name in enumerate(NIGHT)}
"""The jobs that come before each."""

JOBS: dict[str, Job] = {
    job.name: job
    for job in (
        *(MEMBERSHIPS_LAPSE, POINTS_EXPIRE, STORED_VALUE_EXPIRE, LEVELS, PERIOD_REWARDS),
        *(GIFTS_GIVE, MEMBERSHIPS_RENEW),
        *(LEDGER_VERIFY, POINTS_PROGRAMME, POINTS_CONVERT),
        *(ROLLUPS, SEGMENTS_REFRESH, FORECAST, WHAT_IF, COUPONS_ISSUE, NAMES_REKEY, RUNS_TIDY, HELD_SALES),
        *(LEDGER_SEAL, AUDIT_SEAL),
        *(BIRTHDAYS, EXPORT, EXPORTS_FORGET, RETENTION, DUPLICATES_FIND),
    )
}
