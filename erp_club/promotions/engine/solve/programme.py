"""Overlapping offers by an integer programme, with a deadline: HiGHS, https://highs.dev (Huangfu and Hall, 2018)."""

import math
from collections.abc import Sequence
from typing import Any

from erp_club.promotions.engine.solve.greedy import saving
from erp_club.promotions.engine.solve.model import Model, build
from erp_club.promotions.engine.solve.prune import beside, nothing_passed_over
from erp_club.promotions.engine.solve.rules import alone, beside_reserved
from erp_club.promotions.engine.solve.shapes import Contender, Stack, Taken

_MOST_COLUMNS = 20_000


def programme(
    units: Sequence[Stack], contenders: Sequence[Contender], *, seed: list[Taken], bound: int | None, deadline_ms: int
) -> tuple[list[Taken], bool]:
    """The best that is found before the deadline, at least `seed`; and whether nothing better exists.

    `units` are classes, of which all units are left. `bound` is what is known that nothing can be above.
    """
    if len(units) * len(contenders) > _MOST_COLUMNS:
        return seed, False
    model = build(units, contenders)
    values, most = _run(model, deadline_ms)
    if bound is not None:
        most = min(most, bound)
    found, over = _settled(units, contenders, model, values) if values else ([], [unit.units for unit in units])
    if not nothing_passed_over(units, contenders, over, found):
        found = []
    best = found if saving(found) > saving(seed) else seed
    return best, saving(best) >= most


def _run(model: Model, deadline_ms: int) -> tuple[list[int], float]:
    """The values of the columns (none where nothing was found in time), and what nothing can be above."""
    import highspy
    import numpy as np

    # Its Python class announces itself on standard output while it enables callbacks, which nothing here needs.
    plain: Any = highspy.Highs.__base__
    solver: Any = plain()
    for option, value in (
        ("output_flag", False),
        ("threads", 1),
        ("mip_rel_gap", 0.0),
        ("mip_abs_gap", 0.99),
        ("time_limit", deadline_ms / 1000),
    ):
        solver.setOptionValue(option, value)
    starts: list[int] = []
    index: list[int] = []
    coefficients: list[float] = []
    for row, _, _ in model.rows:
        starts.append(len(index))
        index.extend(row)
        coefficients.extend(row.values())
    columns = len(model.most)
    solver.passModel(
        columns,
        len(model.rows),
        len(index),
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMaximize),
        0.0,
        np.array(model.worth, dtype=np.float64),
        np.zeros(columns),
        np.array(model.most, dtype=np.float64),
        np.array([low for _, low, _ in model.rows], dtype=np.float64),
        np.array([high for _, _, high in model.rows], dtype=np.float64),
        np.array(starts, dtype=np.int32),
        np.array(index, dtype=np.int32),
        np.array(coefficients, dtype=np.float64),
        np.ones(columns, dtype=np.int32),
    )
    solver.run()
    info = solver.getInfo()
    bound = info.mip_dual_bound
    most = math.floor(bound + 1e-6) if math.isfinite(bound) else math.inf
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return [], most
    return [round(value) for value in solver.getSolution().col_value], most


def _settled(
    units: Sequence[Stack], contenders: Sequence[Contender], model: Model, values: Sequence[int]
) -> tuple[list[Taken], list[int]]:
    """What the offers really give on the units that the programme leaves to them, and which units are nobody's."""
    taken: list[Taken] = []
    over = [unit.units for unit in units]
    for number, contender in enumerate(contenders):
        if number in model.times and not values[model.times[number]]:
            continue
        mine, reserved = [0] * len(units), [0] * len(units)
        for counts, role in ((mine, "have"), (reserved, "need")):
            for column, unit in model.roles.get((number, role), []):
                counts[unit] += values[column]
        if number in model.times:
            one = beside_reserved(contender, units, mine, reserved, values[model.times[number]])
        else:
            one = alone(contender, units, mine)
        if one is not None:
            taken.append(one)
            over = beside(contender, one, mine, over)
    return taken, over
