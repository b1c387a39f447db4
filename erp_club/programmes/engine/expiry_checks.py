"""What a draft gets wrong about when points expire, and about the last days of what it ends. Pure."""

from collections.abc import Iterator

from erp_club.kernel.text import T
from erp_club.programmes.engine.finding import Finding
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.spending import Inactivity


def expiry(programme: Programme) -> Iterator[Finding]:
    """Points that end otherwise than is meant, or that nobody can use."""
    for index, _ in enumerate(programme.expiry.levels):
        if isinstance(programme.expiry.rule, Inactivity):
            text = T("Without purchases the whole balance expires, whatever the level.")
            yield Finding(f"expiry.levels[{index}]", text)
    switch = programme.switch
    last_earning, last_redeeming = switch.last_earning_day, switch.last_redeeming_day
    if last_earning is not None and last_redeeming is not None and last_redeeming < last_earning:
        text = T("Points could still be earned when they can no longer be redeemed.")
        yield Finding("switch.last_redeeming_day", text)
    earns = bool(programme.earning.rules or programme.earning.events)
    spends = programme.redemption is not None or bool(programme.benefits or programme.rewards)
    if earns and not spends:
        text = T("Points are earned but buy nothing: add redemption, benefits or a period reward.")
        yield Finding("redemption", text, stops=False)
