"""What a form of a programme is made of: fields, blocks, sections, the buttons that draw it again. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from erp_club.kernel.text import N_
from web.programme_forms import fields as f
from web.programme_forms import further
from web.programme_forms.fields import Ask
from web.programme_forms.paths import OPEN, Document, at, rows


@dataclass(frozen=True, slots=True)
class Button:
    """Draws the form again after doing something: what is done, and how the button is called."""

    do: str
    label: str


@dataclass(frozen=True, slots=True)
class Block:
    """A rule, or the fields of a section that belong together; `asks` are named by their place in the document."""

    title: str = ""
    path: str = ""
    asks: tuple[Ask, ...] = ()
    adds: tuple[Button, ...] = ()
    takes: tuple[Button, ...] = ()


@dataclass(slots=True)
class Section:
    """A heading, what it is about, and its blocks; `adds` are the buttons for more."""

    id: str
    title: str
    about: str = ""
    blocks: list[Block] = field(default_factory=list[Block])
    adds: list[Button] = field(default_factory=list[Button])


_STEPS = (N_("Another step"), N_("Take the last step away"))
_GIFTS = (N_("Another gift"), N_("Take the last gift away"))


_GIVEN = N_("What is given")


class Drawing:
    """A block while it is put together: its fields, and its buttons."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.asks: list[Ask] = []
        self.adds: list[Button] = []
        self.takes: list[Button] = []

    def block(self, title: str, path: str) -> Block:
        """The block as it is shown."""
        return Block(title, path, tuple(self.asks), tuple(self.adds), tuple(self.takes))

    def rows(self, path: str, asked: Iterable[Ask], *, least: int = 1, called: tuple[str, str] = _STEPS) -> None:
        """The rows of a list, with buttons, `called` so, for another one and, above so many, to take the last away."""
        held, asked = rows(self.document, path), tuple(asked)
        for index in range(len(held)):
            first, *others = under(f"{path}[{index}]", asked)
            self.asks += [replace(first, starts=True), *others]
        another, last = called
        self.adds.append(Button(f"row|{path}", another))
        if len(held) > least:
            self.takes.append(Button(f"remove|{path}[{len(held) - 1}]", last))

    def rows_or(self, path: str, label: str, asked: Iterable[Ask], called: tuple[str, str] = _STEPS) -> None:
        """The same for a list that may be empty: then a button begins it."""
        if rows(self.document, path):
            self.rows(path, asked, least=0, called=called)
        elif is_open(self.document, path):
            self.adds.append(Button(f"on|{path}", label))

    def gift(
        self, path: str, label: str = _GIVEN, *, of_rule: bool = False, also: Iterable[tuple[str, f.Kind]] = ()
    ) -> None:
        """What is given. Of a rule that reckons its value, the value isn't asked."""
        kinds = {**f.GIFTS, **dict(also)}
        kinds = {name: kinds[name] for name in f.OF_REWARDS} if of_rule else kinds
        form = form_of(at(self.document, path))
        options = tuple((name, kind.label) for name, kind in kinds.items())
        self.asks.append(Ask(f"{path}.form", label, "kind", options=options))
        if form in kinds:
            whole = not of_rule or form in f.ASKED_OF_REWARDS
            asked = [each for each in kinds[form].asks if whole or each.name in f.BESIDE_THE_VALUE]
            if not of_rule:  # of one gift there aren't several
                said = {each.name for each in asked if at(self.document, f"{path}.{each.name}") is not None}
                hidden = {"each_full", "one_a_purchase"}
                if not is_open(self.document, path):
                    hidden |= f.RARE_OF_GIFTS.get(form, set())
                asked = [each for each in asked if each.name not in hidden - said]
            self.asks += under(path, asked)

    def gifts(self, path: str, label: str = _GIVEN, called: tuple[str, str] = _GIFTS) -> None:
        """Several of them, with buttons, `called` so, for another one and to take the last away."""
        held = rows(self.document, path)
        for index in range(len(held)):
            self.gift(f"{path}[{index}]", label)
        another, last = called
        self.adds.append(Button(f"row|{path}", another))
        if len(held) > 1:
            self.takes.append(Button(f"remove|{path}[{len(held) - 1}]", last))

    def more(self, path: str, asked: Iterable[Ask]) -> None:
        """What is asked only once somebody wants more, or where the document says it already."""
        shown = {each.name for each in self.asks}
        rest = [each for each in asked if each.name not in shown]
        said = [each for each in rest if at(self.document, each.name) not in (None, [], {})]
        if is_open(self.document, path):
            self.asks += rest
            return
        self.asks += said
        if len(said) < len(rest):
            self.adds.append(Button(f"more|{path}", N_("More settings")))


def is_open(document: Document, path: str) -> bool:
    """Whether somebody asked for more of what stands there, or of what holds it."""
    return any(path == each or path.startswith(f"{each}.") for each in rows(document, OPEN))


def names(document: Document, path: str) -> tuple[Ask, ...]:
    """What it is called, in the languages in which the club has a name."""
    return tuple(Ask(f"{path}.names.{each}", further.NAMES[each], "text", optional=True) for each in _spoken(document))


def unit_names(document: Document) -> tuple[Ask, ...]:
    """What points are called in this club, several and one, in its languages."""
    asked: list[Ask] = []
    for each in _spoken(document):
        several, one = further.UNIT[each]
        asked.append(Ask(f"unit.names.{each}", several, "text", N_("Such as stars, stamps."), optional=True))
        asked.append(Ask(f"unit.one.{each}", one, "text", optional=True))
    return tuple(asked)


def _spoken(document: Document) -> list[str]:
    """The languages in which the club has a name."""
    held = document.get("names")
    return [each for each in further.NAMES if isinstance(held, dict) and each in held] or ["en"]


def form_of(gives: Any) -> str:
    """Which of the form's kinds of gift this is."""
    if not isinstance(gives, dict):
        return ""
    kind = str(gives.get("kind", ""))
    if kind != "discount":
        return kind
    return "percent" if "off_bp" in gives else "price" if "price_minor" in gives else "amount"


def under(base: str, asks: Iterable[Ask]) -> tuple[Ask, ...]:
    """The fields named by their place in the document."""
    return tuple(replace(each, name=f"{base}.{each.name}" if base else each.name) for each in asks)


def called(ask: Ask, label: str, control: f.Control) -> Ask:
    """The same field under another label, typed otherwise."""
    return replace(ask, label=label, control=control)
