"""Where the marks of a chart stand: values in, positions out. The macros in `templates/ui/chart.html` draw.

Across, a position is a per cent of the width (0 to 100, time from left to right in every language); down, it is in
pixels from the top. So a chart fills any width while its words keep their size. Floats are fine here: nothing is money
any more.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from math import ceil, floor, log10
from typing import Literal, Protocol

Number = int | Decimal

HEIGHT = 190
"""Pixels of a whole chart."""
TOP = 24
"""Pixels above the highest tick: room for the figure of the last point."""
FOOT = 24
"""Pixels below the lowest tick: room for the labels of the time axis."""
SIDE = 3.5
"""Per cent kept free at either end of a line, for the first and last circle and half a label."""
LABELS = 7
"""The most words below an axis, where one is long."""
MONTHS, SHORT = 12, 7
"""The most where none has more signs than this, as months have."""
PHONE = 44
"""Signs that stand side by side there on a phone, which shows fewer of long words."""
EDGE = 5
"""Per cent from either end within which a long word begins or ends at the end, to stay inside."""
LONG = 6
"""Signs of a word that is long there."""
AROUND_TODAY = 17
"""Per cent on either side of today that a year leaves to the word for today, which is long beside a narrow timeline."""
BARS = 62
"""More values than this are drawn as a line."""
CIRCLES = 40
"""A line with more points than this is drawn without circles."""


@dataclass(frozen=True)
class Tick:
    """A grid line: `y` in pixels, `value` in the unit of the data."""

    y: float
    value: int


@dataclass(frozen=True)
class Label:
    """A word below the chart, its middle (else its `anchor`) at `x` per cent. `spare`: a phone has no room for it."""

    x: float
    text: str
    anchor: Literal["start", "middle", "end"] = "middle"
    spare: bool = False


@dataclass(frozen=True)
class Mark:
    """One value: a point at (`x`, `y`), or a bar from `x` over `width`, `y` down over `height`."""

    x: float
    y: float
    label: str
    value: Number
    width: float = 0.0
    height: float = 0.0


@dataclass(frozen=True)
class Chart:
    """A line or bar chart. `curve` and `area` are SVG `points` in a box of 100 by `height`, empty for bars.

    `others` are the marks of what the values are compared with, `other_curve` the same as a line.
    """

    height: int
    zero: float
    ticks: tuple[Tick, ...]
    labels: tuple[Label, ...]
    marks: tuple[Mark, ...]
    curve: str = ""
    area: str = ""
    circles: bool = False
    others: tuple[Mark, ...] = ()
    other_curve: str = ""

    @property
    def whole(self) -> bool:
        """Whether amounts at the grid lines have no minor units."""
        return all(tick.value % 100 == 0 for tick in self.ticks)


def scale(low: Number, high: Number, *, most: int = 4) -> tuple[int, ...]:
    """Round whole numbers from at or below `low` to at or above `high`, at most `most` steps apart, 0 among them.

    Steps are 1, 2 or 5 times a power of ten (Heckbert, "Nice numbers for graph labels", Graphics Gems, 1990).
    """
    low, high = min(low, 0), max(high, 0)
    if low == high:
        high = 1
    power = 10 ** max(0, floor(log10((high - low) / most)))
    step = next(
        s for s in (power, 2 * power, 5 * power, 10 * power, 20 * power) if ceil(high / s) - floor(low / s) <= most
    )
    return tuple(range(floor(low / step) * step, ceil(high / step) * step + 1, step))


def line(words: Sequence[str], values: Sequence[Number], *, height: int = HEIGHT) -> Chart:
    """A curve over time: a word for each moment, oldest first, and as many `values`; one alone stands in the middle."""
    grid, down = _grid(values, height)
    last = len(values) - 1
    across = [SIDE + (100 - 2 * SIDE) * index / last if last else 50.0 for index in range(len(values))]
    marks = tuple(Mark(round(x, 2), down(v), word, v) for x, v, word in zip(across, values, words, strict=True))
    curve = " ".join(f"{mark.x},{mark.y}" for mark in marks)
    zero = down(0)
    area = f"{marks[0].x},{zero} {curve} {marks[-1].x},{zero}" if marks else ""
    return Chart(height, zero, grid, _below(across, words), marks, curve, area, circles=last < CIRCLES)


def bars(words: Sequence[str], values: Sequence[Number], *, height: int = HEIGHT) -> Chart:
    """A bar for each of `values`, from the zero line up, or down where it is negative; `words` as in `line`."""
    grid, down = _grid(values, height)
    zero, band = down(0), 100 / max(len(values), 1)
    marks: list[Mark] = []
    for index, (value, word) in enumerate(zip(values, words, strict=True)):
        at = down(value)
        x, top, tall = band * (index + 0.15), min(at, zero), abs(at - zero)
        marks.append(Mark(round(x, 2), top, word, value, round(band * 0.7, 2), round(tall, 1)))
    middles = [band * (index + 0.5) for index in range(len(values))]
    return Chart(height, zero, grid, _below(middles, words), tuple(marks))


def compared(words: Sequence[str], values: Sequence[Number], others: Sequence[Number]) -> Chart:
    """Bars with a tick each at what they are compared with, or two lines where there are more than `BARS` of them.

    `others` are as many as `values`, or none.
    """
    every = [*values, *others]
    grid, down = _grid(every, HEIGHT)
    drawn = (bars if len(values) <= BARS else line)(words, values)
    drawn = _on(drawn, grid, down)
    marks = tuple(
        replace(mark, y=down(value), value=value) for mark, value in zip(drawn.marks, others or (), strict=False)
    )
    curve = " ".join(f"{mark.x},{mark.y}" for mark in marks) if drawn.curve else ""
    return replace(drawn, others=() if drawn.curve else marks, other_curve=curve)


def _on(chart: Chart, grid: tuple[Tick, ...], down: Callable[[Number], float]) -> Chart:
    """The same chart on the scale of more values than its own."""
    zero = down(0)
    moved: list[Mark] = []
    for mark in chart.marks:
        at = down(mark.value)
        moved.append(replace(mark, y=at) if chart.curve else replace(mark, y=min(at, zero), height=abs(at - zero)))
    curve = " ".join(f"{mark.x},{mark.y}" for mark in moved) if chart.curve else ""
    area = f"{moved[0].x},{zero} {curve} {moved[-1].x},{zero}" if curve else ""
    return replace(chart, zero=zero, ticks=grid, marks=tuple(moved), curve=curve, area=area)


def shares(values: Sequence[Number]) -> tuple[float, ...]:
    """How long each bar of a ranking is, in per cent of the longest; what is at or below 0 has none."""
    longest = max([*values, 1])
    return tuple(round(max(float(value / longest), 0.0) * 100, 2) for value in values)


def _grid(values: Sequence[Number], height: int) -> tuple[tuple[Tick, ...], Callable[[Number], float]]:
    steps = scale(min(values, default=0), max(values, default=0))
    low, high = steps[0], steps[-1]

    def down(value: Number) -> float:
        return round(TOP + (height - TOP - FOOT) * float((high - value) / (high - low)), 1)

    return tuple(Tick(down(step), step) for step in steps), down


def _below(across: Sequence[float], words: Sequence[str]) -> tuple[Label, ...]:
    """Every n-th word counted back from the newest, which always has its word."""
    last = len(words) - 1
    most = MONTHS if max(map(len, words), default=0) <= SHORT else LABELS
    every = ceil(len(words) / most) or 1
    shown = [index for index in range(len(words)) if (last - index) % every == 0]
    room = max(2, PHONE // (max([len(words[index]) for index in shown], default=0) + 2))
    each = ceil(len(shown) / room) or 1
    return tuple(
        _label(across[index], words[index], spare=(len(shown) - 1 - place) % each != 0)
        for place, index in enumerate(shown)
    )


def _label(x: float, text: str, *, spare: bool) -> Label:
    """A word below an axis; a long one at either end stays inside."""
    if len(text) > LONG and x > 100 - EDGE:
        return Label(100, text, "end", spare)
    if len(text) > LONG and x < EDGE:
        return Label(0, text, "start", spare)
    return Label(round(x, 2), text, spare=spare)


class Period(Protocol):
    """A row of a timeline: first and last day, both included; no last day means that it goes on."""

    @property
    def starts_on(self) -> date: ...
    @property
    def ends_on(self) -> date | None: ...


@dataclass(frozen=True)
class Bar:
    """Where a period stands: `x` and `width` in per cent of the timeline."""

    x: float
    width: float


@dataclass(frozen=True)
class Timeline:
    """`bars` in the order of the periods; `years` and `today` below them, in per cent."""

    bars: tuple[Bar, ...]
    years: tuple[Label, ...]
    today: float
    today_anchor: Literal["middle", "end"]


def timeline(periods: Sequence[Period], today: date) -> Timeline:
    """Periods beside each other on one scale that holds all of them and `today`, with a little air at either end."""
    first = min([period.starts_on for period in periods] + [today])
    final = max([period.ends_on or today for period in periods] + [today])
    air = timedelta(days=max(15, (final - first).days // 25))
    first, final = first - air, final + air
    days = (final - first).days

    def across(day: date) -> float:
        return round(min(max((day - first).days / days, 0), 1) * 100, 2)

    bars_: list[Bar] = []
    for period in periods:
        start = across(period.starts_on)
        end = across(period.ends_on + timedelta(days=1)) if period.ends_on else 100.0
        bars_.append(Bar(start, round(max(end - start, 0.8), 2)))
    now = across(today)
    return Timeline(tuple(bars_), _years(first, final, across, now), now, "end" if now > 90 else "middle")


def _years(first: date, final: date, across: Callable[[date], float], now: float) -> tuple[Label, ...]:
    """The first days of at most six years, or quarters where the scale is short, but none below the word for today."""
    if (final - first).days > 800:
        days = [date(year, 1, 1) for year in range(first.year + 1, final.year + 1)]
        words = [str(day.year) for day in days]
    else:
        days = [date(year, month, 1) for year in range(first.year, final.year + 1) for month in (1, 4, 7, 10)]
        words = [f"{day:%m/%y}" for day in days]
    free = [(across(day), word) for day, word in zip(days, words, strict=True) if first < day < final]
    free = [(x, word) for x, word in free if 4 <= x <= 96]
    every = ceil(len(free) / 6) or 1
    return tuple(Label(x, word) for x, word in free[::every] if abs(x - now) > AROUND_TODAY)
