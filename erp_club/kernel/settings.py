"""Every setting of an installation, from environment variables named `ERP_CLUB_…`."""

import ipaddress
import os
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from erp_club.kernel.errors import Unavailable
from erp_club.kernel.text import T

_LEVELS = ("debug", "info", "warning", "error", "critical")


@dataclass(frozen=True)
class Settings:
    """One field per variable; the README's table of settings lists the same names."""

    database_url: str | None = None
    home: Path = Path(".erp-club")
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    proxies: str = ""
    requests_per_minute: int = 6000
    log_level: str = "INFO"
    session_hours: int = 10
    till_idle_minutes: int = 10
    points_limit: int = 100_000
    rewards_limit: int = 10_000_000
    expiry_limit: int = 10_000_000
    run_accounts_limit: int = 1_000_000
    watch_opened: int = 5
    watch_same_customer: int = 4
    watch_hours: int = 48
    keyring: str | None = field(default=None, repr=False)

    @classmethod
    def from_env(cls) -> "Settings":
        """Read the process's environment.

        Raises Unavailable where a value can't be taken, naming the variable: none is guessed.
        """
        env = os.environ
        return cls(
            database_url=env.get("ERP_CLUB_DATABASE_URL") or None,
            home=Path(env.get("ERP_CLUB_HOME") or cls.home).absolute(),
            host=env.get("ERP_CLUB_HOST", cls.host),
            port=_whole_number("ERP_CLUB_PORT", cls.port),
            workers=_whole_number("ERP_CLUB_WORKERS", cls.workers),
            proxies=_networks("ERP_CLUB_PROXIES"),
            requests_per_minute=_whole_number("ERP_CLUB_REQUESTS_PER_MINUTE", cls.requests_per_minute),
            log_level=_one_of("ERP_CLUB_LOG_LEVEL", cls.log_level.lower(), _LEVELS).upper(),
            session_hours=_whole_number("ERP_CLUB_SESSION_HOURS", cls.session_hours),
            till_idle_minutes=_whole_number("ERP_CLUB_TILL_IDLE_MINUTES", cls.till_idle_minutes),
            points_limit=_whole_number("ERP_CLUB_POINTS_LIMIT", cls.points_limit),
            rewards_limit=_whole_number("ERP_CLUB_REWARDS_LIMIT", cls.rewards_limit),
            expiry_limit=_whole_number("ERP_CLUB_EXPIRY_LIMIT", cls.expiry_limit),
            run_accounts_limit=_whole_number("ERP_CLUB_RUN_ACCOUNTS_LIMIT", cls.run_accounts_limit),
            watch_opened=_whole_number("ERP_CLUB_WATCH_OPENED", cls.watch_opened),
            watch_same_customer=_whole_number("ERP_CLUB_WATCH_SAME_CUSTOMER", cls.watch_same_customer),
            watch_hours=_whole_number("ERP_CLUB_WATCH_HOURS", cls.watch_hours),
            keyring=env.get("ERP_CLUB_KEYRING") or None,
        )


def _whole_number(name: str, default: int) -> int:
    value = os.environ.get(name, str(default))
    if not value.isascii() or not value.isdigit():
        raise Unavailable(
            T("%(name)s is “%(value)s”, but must be a whole number.", name=name, value=value), code="setting-wrong"
        )
    return int(value)


def _networks(name: str) -> str:
    value = os.environ.get(name, "")
    for each in value.split(","):
        try:
            if each.strip():
                ipaddress.ip_network(each.strip())
        except ValueError as error:
            raise Unavailable(
                T(
                    "%(name)s is “%(value)s”, but must be addresses or networks with commas between, as "
                    "10.0.0.5,10.1.0.0/16.",
                    name=name,
                    value=value,
                ),
                code="setting-wrong",
            ) from error
    return value


def _one_of(name: str, default: str, known: Collection[str]) -> str:
    value = os.environ.get(name) or default
    if value.lower() not in known:
        raise Unavailable(
            T(
                "%(name)s is “%(value)s”, but must be one of: %(known)s.",
                name=name,
                value=value,
                known=", ".join(known),
            ),
            code="setting-wrong",
        )
    return value.lower()
