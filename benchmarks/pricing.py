"""How long the engine takes for a basket of 20 lines with any number of offers, and how near its answer is to the best.

CPU of the process, one core. The workload is `benchmarks.workload`; offers are published documents, made ready once.
*Best*: random baskets with overlapping offers against HiGHS without a deadline, and against greedy choice.
"""

import datetime as dt
import json
import random
import sys
import time
from collections.abc import Sequence

from benchmarks.shop import machine, p95, table
from benchmarks.workload import Kind, Plan, Product, baskets, groups_of, plans, products
from erp_club.promotions.engine.compile import Compiled, compile_offers
from erp_club.promotions.engine.facts import Facts, Line
from erp_club.promotions.engine.offer import Offer
from erp_club.promotions.engine.price import price
from erp_club.promotions.engine.ready import Published
from erp_club.promotions.engine.rewards import Freed
from erp_club.promotions.engine.solve import Bundle, Buy, Contender, Off, PerUnit, Proof, Stack, solve
from erp_club.promotions.engine.solve.classes import classes
from erp_club.promotions.engine.solve.greedy import greedy, saving
from erp_club.promotions.engine.solve.programme import programme
from erp_club.promotions.engine.solve.prune import undominated

AT = dt.datetime(2026, 11, 25, 12, 0)  # noqa: DTZ001 - the store's own time, without a zone
SIZES = (10, 100, 1_000, 10_000)
BASKETS, ROUNDS = 200, 20
SHOPS = 1_000
PATIENCE_MS = 600_000
"""What HiGHS may take to prove one basket: as good as no deadline. One that isn't proved by then is told."""


def published(offers: int, *, dense: bool = False, freed: str = "each") -> list[Published]:
    """The offers as our own documents. `freed`: what a free unit is the cheapest of."""
    return [Published(Offer.model_validate(_document(plan, freed))) for plan in plans(offers, dense=dense)]


def _document(plan: Plan, freed: str) -> dict[str, object]:
    on = {"groups": [f"G{plan.group}"]}
    when: dict[str, object] = {"all": []}
    match plan.kind:
        case Kind.PERCENT:
            reward: dict[str, object] = {"kind": "percent", "value_bp": plan.value * 100, "on": on}
        case Kind.BUY_TWO_GET_ONE:
            reward = {"kind": "buy_get", "size": 3, "free": 1, "on": on, "freed": freed}
        case Kind.THREE_FOR:
            reward = {"kind": "bundle", "slots": [{"on": on, "quantity": 3}], "price_minor": plan.value}
        case Kind.AMOUNT:
            reward = {"kind": "amount", "value_minor": plan.value, "on": on}
            when = {"amount_minor": plan.least_minor, "of": on}
    return {
        "code": f"OFFER-{plan.number}",
        "names": {"en": f"Offer {plan.number}"},
        "rewards": [reward],
        "when": when,
    }


def compiled(offers: int, *, dense: bool = False, freed: str = "each") -> Compiled:
    """The offers made ready."""
    return compile_offers(published(offers, dense=dense, freed=freed))


def facts(count: int, groups: int) -> list[Facts]:
    """The baskets as facts, nobody identified."""
    known = products(groups)
    return [
        Facts(tuple(_line(place, known[product], quantity) for place, (product, quantity) in enumerate(basket)), AT)
        for basket in baskets(count, groups)
    ]


def _line(place: int, product: Product, quantity: int) -> Line:
    return Line(
        id=str(place + 1),
        product=f"P{product.number}",
        quantity_milli=quantity * 1000,
        unit_minor=product.price_minor,
        vat_bp=1800,
        group=f"G{product.group}",
    )


def priced(offers: Compiled, given: Sequence[Facts], rounds: int = ROUNDS) -> list[float]:
    """Milliseconds of CPU for each basket, with every offer explained: the least of all rounds, as noise only adds."""
    for facts_of_one in given[:20]:
        price(facts_of_one, offers)
    taken: list[list[float]] = [[] for _ in given]
    for _ in range(rounds):
        for one, times in zip(given, taken, strict=True):
            began = time.process_time_ns()
            price(one, offers)
            times.append((time.process_time_ns() - began) / 1e6)
    return [min(each) for each in taken]


def speeds() -> None:
    """The table of times."""
    rows: list[tuple[object, ...]] = []
    kinds = [(size, False, "each") for size in SIZES]
    kinds += [(1_000, True, "each"), (1_000, False, "all"), (1_000, True, "all")]
    for size, dense, freed in kinds:
        offers = compiled(size, dense=dense, freed=freed)
        taken = sorted(priced(offers, facts(BASKETS, groups_of(size, dense=dense))))
        name = f"{size:,}{' on the basket' if dense else ''}, free: cheapest of {freed}"
        rows.append((name, f"{taken[len(taken) // 2]:.3f}", f"{p95(taken):.3f}"))
    table("Pricing a basket of 20 lines", ("offers", "p50 ms", "p95 ms"), rows)
    documents = published(10_000)
    began = time.process_time()
    compile_offers(documents)
    print(f"\nMaking 10,000 offers ready: {time.process_time() - began:.2f} s")


def shop(draw: random.Random, offers: int, *, one_scope: bool) -> tuple[list[Stack], list[Contender]]:
    """Twenty lines, and offers on eight of them each (one scope: all on the same eight)."""
    stacks = [
        Stack(draw.choice((1, 1, 1, 2, 2, 3)), cost) for cost in (draw.randrange(490, 4990, 10) for _ in range(20))
    ]
    scopes = [tuple(sorted(draw.sample(range(20), 8))) for _ in range(offers)]
    contenders: list[Contender] = []
    for nth, on in enumerate(scopes[:1] * offers if one_scope else scopes):
        size = draw.choice((2, 3, 4))
        dear = size * sum(stacks[i].cost_minor for i in on) // len(on)
        freed = draw.choice(tuple(Freed))
        shape = draw.choice(
            (
                PerUnit(on, Off.SHARE, draw.choice((500, 1000, 1500, 2000))),
                Bundle(((on, size),), Off.PRICE, dear * draw.choice((70, 80, 90)) // 100),
                Buy(on, 3, freed=freed),
                Buy(on, 2, off_bp=5000, freed=freed),
            )
        )
        contenders.append(Contender(f"OFFER-{nth}", shape))
    return stacks, contenders


def against_the_best() -> None:
    """The table of how often the best is found."""
    rows: list[tuple[object, ...]] = []
    for offers, shops, one_scope in [
        *((most, SHOPS // 5, True) for most in range(1, 6)),
        *((most, SHOPS // 5, False) for most in range(1, 6)),
        (8, 50, False),
        (12, 50, False),
    ]:
        rows.append(_row(offers, shops, one_scope=one_scope))
    head = (
        "offers that compete",
        "shops",
        "best is known",
        "found of those",
        "proved",
        "below greedy",
        "greedy loses",
        "p50 ms",
        "p95 ms",
    )
    table("The best combination, 50 ms at most", head, rows)


def best_of_all(stacks: Sequence[Stack], contenders: Sequence[Contender]) -> tuple[int, bool]:
    """The greatest saving that HiGHS finds for the whole integer programme, and whether it has proved it.

    Of offers that differ in nothing but their value only the best one is in force, here as in the engine.
    """
    left = [stack.units for stack in stacks]
    grouped = classes(stacks, undominated(contenders, left), left)
    taken, sure = programme(grouped.units, grouped.contenders, seed=[], bound=None, deadline_ms=PATIENCE_MS)
    return saving(taken), sure


def _row(offers: int, shops: int, *, one_scope: bool) -> tuple[object, ...]:
    draw = random.Random(offers)
    best_found = proved = below = certain = 0
    lost: list[float] = []
    taken: list[float] = []
    for _ in range(shops):
        stacks, contenders = shop(draw, offers, one_scope=one_scope)
        began = time.process_time()
        found = solve(stacks, contenders)
        taken.append((time.process_time() - began) * 1000)
        best, sure = best_of_all(stacks, contenders)
        certain += sure
        assert not sure or found.saving_minor <= best, "a proof that another answer disproves"
        quick = saving(greedy(stacks, contenders, [stack.units for stack in stacks]))
        best_found += sure and found.saving_minor == best
        proved += found.proof is Proof.PROVED
        below += found.saving_minor < quick
        lost.append(1 - quick / best if best else 0)
    taken.sort()
    name = f"{offers}, {'one scope' if one_scope else 'overlapping'}"
    shares = (certain, f"{best_found / certain:.1%}", f"{proved / shops:.1%}", below, f"{sum(lost) / shops:.1%}")
    return (name, shops, *shares, f"{taken[shops // 2]:.2f}", f"{p95(taken):.2f}")


def main() -> None:
    """Print the tables; `cpu OFFERS` prints only the median for so many offers, as JSON, for comparisons with peers."""
    if sys.argv[1:2] == ["cpu"]:
        size, dense = int(sys.argv[2]), "dense" in sys.argv
        taken = sorted(priced(compiled(size, dense=dense), facts(BASKETS, groups_of(size, dense=dense))))
        print(json.dumps({"p50_ms": taken[len(taken) // 2]}))
        return
    print(machine())
    speeds()
    against_the_best()


if __name__ == "__main__":
    main()
