"""Between the form and the document: what is typed is read into it, and what it says is written as people type it."""

import json
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from erp_club.kernel.errors import FieldError
from erp_club.kernel.money import to_text
from erp_club.kernel.text import Quantity, T
from erp_club.kernel.typed_numbers import read_scaled
from erp_club.promotions.engine.dates import is_days
from web.programme_forms import fields as f
from web.programme_forms import spans
from web.programme_forms.fields import Ask
from web.programme_forms.layout import form_of, visible
from web.programme_forms.paths import Document, at, parent, put, rows
from web.programme_forms.units import parts_of, scale_of
from web.typed_days import read_days, write_days

_BEGINS: Mapping[str, Mapping[str, dict[str, Any]]] = {"term": spans.TERM_BEGINS, "expiry.rule": spans.EXPIRY_BEGINS}
_CHANNEL_FIELDS = ("joining", "earning", "redeeming", "benefits")
_WINDOW = ".period.every"
"""The end of the name of a choice that may be none: in the same time as all else."""
_DATED = {"birthday", "anniversary", "relative_birthday", "membership"}
_NUMBERED = {"weekdays"}
_SCALES = {"amount": 2, "percent": 2, "times": 4, "thousandths": 3, "number": 0, "choice": 0}
_SIGN = re.compile(r"^\s*([₪€$£]|[A-Z]{3})\s*|\s*([₪€$£]|[A-Z]{3}|kr\.?|ש[\"״]ח)\s*$")
"""A sign of a currency beside an amount, which is the club's in any case."""
_GOES_WITH: dict[str, tuple[tuple[str, ...], str, Any]] = {
    "levels.keep": (("months", "since_last"), "levels.keep_months", 12),
    "levels.window.every": (("rolling",), "levels.window.months", 12),
}  # fmt: skip
"""What a choice needs beside it, and only that choice: the value, and what it begins with."""


def blank(currency: str) -> Document:
    """The document that a new programme begins with."""
    return {
        "code": "", "names": {}, "currency": currency, "term": {"kind": "months", "months": 12},
        "channels": {name: ["store", "web"] for name in _CHANNEL_FIELDS},
    }  # fmt: skip


def opened(document: Document) -> Document:
    """A document as the form takes it: the channels said, which the short form leaves out."""
    channels: dict[str, Any] = blank("")["channels"] | (document.get("channels") or {})
    return {**document, "channels": channels}


def overlaid(document: Document, typed: Mapping[str, Any]) -> tuple[Document, list[FieldError]]:
    """The document with what is typed in the form's fields; what can't be read is told, and left as it was typed."""
    document = _with_scale(document, typed)
    made: Document = json.loads(json.dumps(document))
    faults: list[FieldError] = []
    if typed.get("names"):
        made["names"] = typed["names"]
    code = typed.get("code", made.get("code"))
    if isinstance(code, str):
        code = code.strip().upper()
        # One that the form made of an earlier name follows the name.
        was_made = not code or ("code" in typed and code == code_from(document.get("names")))
        made["code"] = code_from(made.get("names")) if was_made else code
    kinds: list[tuple[Ask, str]] = []
    for ask in visible(document):
        raw = at(typed, ask.name)
        if ask.control == "kind":
            if isinstance(raw, str) or ask.name.endswith(_WINDOW):
                kinds.append((ask, str(raw or "")))
        elif ask.name == "alone":
            put(made, "double_benefits", False if raw else None)
        else:
            read = _read_points(ask, raw, scale_of(document), faults) if ask.control == "points" else None
            put(made, ask.name, _read(ask, raw, at(document, ask.name), faults) if read is None else read)
    for ask, kind in kinds:
        (_turn_window if ask.name.endswith(_WINDOW) else _turn)(made, ask, kind)
    for ask in visible(document):
        if ask.name.endswith(".from_time"):
            _to_midnight(made, parent(ask.name))
    return _tidy(made), faults


def _with_scale(document: Document, typed: Mapping[str, Any]) -> Document:
    """The document with the parts that are chosen in the same form: what is typed beside them is meant in these."""
    said = at(typed, "unit.scale")
    made: Document = json.loads(json.dumps(document))
    if isinstance(said, str) and said.isdecimal() and any(each.name == "unit.scale" for each in visible(document)):
        put(made, "unit.scale", int(said) if said != "1" or scale_of(made) > 1 else None)
    return made


def _read_points(ask: Ask, raw: Any, scale: int, faults: list[FieldError]) -> int | str | None:
    """What is typed of points, in parts of the account's unit."""
    if not isinstance(raw, str) or not raw.strip():
        return None
    made = parts_of(raw, scale)
    if made is None:
        faults.append(FieldError(ask.name, T("Enter a multiple of %(part)s.", part=Quantity(1000 // scale))))
    return raw.strip() if made is None else made


def _to_midnight(made: Document, when: str) -> None:
    """One hour alone begins or ends at midnight."""
    hours = (f"{when}.from_time", f"{when}.to_time")
    if any(at(made, each) for each in hours):
        for each in hours:
            put(made, each, at(made, each) or "00:00")


def code_from(names: Any) -> str:
    """A code made of the English name, else of any that has Latin letters, else of one in Hebrew, letter by letter."""
    texts = [str(names.get("en", "")), *map(str, names.values())] if isinstance(names, dict) else []
    return next((code for each in (_plain, _romanised) for text in texts if (code := each(text))), "")


def _plain(text: str) -> str:
    bare = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    return re.sub(r"[^A-Z0-9]+", "-", bare.upper()).strip("-")[:31].rstrip("-")


def _romanised(text: str) -> str:
    return _plain("".join(_HEBREW.get(each, each) for each in text))


_HEBREW = dict(zip("אבגדהוזחטיכךלמםנןסעפףקר", "ABGDHVZHTYKKLMMNNSAPPKR", strict=True)) | {
    "צ": "TZ", "ץ": "TZ", "ש": "SH", "ת": "T",
}  # fmt: skip


def _read(ask: Ask, raw: Any, held: Any, faults: list[FieldError]) -> Any:
    if ask.control == "ticks":
        shown = {value for value, _ in ask.options}
        others = [each for each in (held if isinstance(held, list) else []) if str(each) not in shown]
        said = [*(raw if isinstance(raw, list) else []), *others]
        chosen = (
            [int(each) for each in said if str(each).isdecimal()] if ask.name.rpartition(".")[2] in _NUMBERED else said
        )
        if isinstance(held, list) and {*map(str, held)} == {*map(str, chosen)}:
            return held
        usual = held is None and chosen == list(ask.usual)
        return [] if not chosen and ask.name.startswith("channels.") else None if usual else chosen or None
    if not isinstance(raw, str) or not raw.strip():
        return None
    text = raw.strip()
    if ask.control == "check":
        return True
    if ask.control == "unless":
        return False
    if ask.control == "days":
        return _days(ask, text, faults)
    if ask.control in {"words", "numbers"}:
        words = [word.strip() for word in text.split(",") if word.strip()]
        if ask.control == "words":
            return words or None
        read = [read_scaled(word, 0) for word in words]
        if None in read:
            faults.append(FieldError(ask.name, T("Enter numbers between commas.")))
        return text if None in read else read or None
    if ask.control in _SCALES:
        text = _SIGN.sub("", text) if ask.control == "amount" else text
        number = read_scaled(text.removesuffix("%") if ask.control == "percent" else text, _SCALES[ask.control])
        if number is None:
            faults.append(FieldError(ask.name, T("Enter a number.")))
        return text if number is None else number
    return text


def _days(ask: Ask, text: str, faults: list[FieldError]) -> Any:
    days = read_days(text)
    if all(map(is_days, days)):
        return days or None
    faults.append(FieldError(ask.name, T("Enter days as 24.12, 21.4.2027 or 1.12–31.12, between commas.")))
    return text


_ONLY_THERE = {"service": f.SERVICE, "renewal": f.RENEWAL, "level": f.LEVEL}
"""What can be given in one place alone."""


def _turn_window(made: Document, ask: Ask, every: str) -> None:
    """Let something be counted in another time, or in the same as all else."""
    if every != (at(made, ask.name) or ""):
        months = {"months": 12} if every == "rolling" else {}
        put(made, parent(ask.name), {"every": every, **months} if every else None)


def _turn(made: Document, ask: Ask, kind: str) -> None:
    """Give a rule another kind, where another is chosen: it begins with what that kind says."""
    holder = parent(ask.name)
    if ask.name.endswith(".form"):
        if kind in f.GIFTS and form_of(at(made, holder)) != kind:
            begins = dict(f.GIFTS[kind].begins)
            if holder.startswith("rewards["):
                kept = {"kind", *(each.name for each in f.GIFTS[kind].asks if kind in f.ASKED_OF_REWARDS)}
                begins = {name: value for name, value in begins.items() if name in kept}
                if kind in f.BY_THE_PIECE and at(made, f"{parent(holder)}.function.kind") == "every":
                    put(made, f"{parent(holder)}.function.value", 1)
            put(made, holder, begins)
        elif kind in _ONLY_THERE and form_of(at(made, holder)) != kind:
            put(made, holder, dict(_ONLY_THERE[kind].begins))
    elif holder in _BEGINS:
        if kind in _BEGINS[holder] and at(made, ask.name) != kind:
            put(made, holder, json.loads(json.dumps(_BEGINS[holder][kind])))
    else:
        put(made, ask.name, kind)
        if ask.name in _GOES_WITH:
            values, beside, begins = _GOES_WITH[ask.name]
            put(made, beside, (at(made, beside) or begins) if kind in values else None)
        if ask.name.endswith(".counts") and kind != "counter":
            put(made, f"{holder}.counter", None)
        if ask.name.endswith(".base.counts") and kind not in {"points", "balance"}:
            put(made, f"{parent(holder)}.takes", None)


def _tidy(document: Document) -> Document:
    """Without objects that say nothing, such as a waiver whose amount was taken out, or fees that can't be."""
    term = at(document, "term.kind")
    if term not in {"months", "date"}:
        for name in ("fees.renewal_minor", "fees.waiver"):
            put(document, name, None)
    if term != "months":
        put(document, "fees.terms", None)
    if at(document, "levels.window.last_days") is not None:
        rolling = at(document, "levels.window.every") == "rolling"
        put(document, "levels.window.months" if rolling else "levels.window.last_days", None)
    for path in _windows(document):
        if at(document, f"{path}.last_days") is not None:
            put(document, f"{path}.months", None)
    if at(document, "levels.keep") not in {"months", "since_last"} and at(document, "levels.keep_to_month_end"):
        put(document, "levels.keep_to_month_end", None)
    for name in ("fees.joining_waiver", "fees.waiver"):
        if at(document, name) is not None and at(document, f"{name}.at_least_minor") is None:
            put(document, name, None)
    for index, each in enumerate(rows(document, "occasions")):
        if isinstance(each, dict) and each.get("occasion") in _DATED and not each.get("around"):
            put(document, f"occasions[{index}].around.days_before", 0)  # neither its month nor days: the day itself
    return {name: kept for name, each in document.items() if (kept := _said(each)) != {} or name == "names"}


def _windows(document: Document) -> list[str]:
    """Where levels say in which time something beside what all go by is counted."""
    named = [
        f"levels.levels[{n}].{way}" for n in range(len(rows(document, "levels.levels"))) for way in ("instead", "also")
    ]
    return [f"{path}[{index}].period" for path in named for index in range(len(rows(document, path)))]


def _said(value: Any) -> Any:
    """It without the objects in it that say nothing."""
    if isinstance(value, list):
        return [_said(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {name: kept for name, each in value.items() if (kept := _said(each)) != {}}


def written(document: Document) -> dict[str, Any]:
    """What stands in the form's fields, by name."""
    scale = scale_of(document)
    values: dict[str, Any] = {"code": document.get("code", "")}
    names = document.get("names")
    values |= {f"names.{language}": name for language, name in (names.items() if isinstance(names, dict) else ())}
    for ask in visible(document):
        if ask.name == "alone":
            values[ask.name] = "true" if document.get("double_benefits") is False else ""
        elif ask.name.endswith(".form"):
            values[ask.name] = form_of(at(document, parent(ask.name)))
        elif ask.control == "ticks":
            held = rows(document, ask.name) or ask.usual
            values[ask.name] = [value for value, _ in ask.options if value in map(str, held)]
        else:
            values[ask.name] = _text(ask, at(document, ask.name), scale)
    return values


def _text(ask: Ask, value: Any, scale: int) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return write_days(value) if ask.control == "days" else ", ".join(map(str, value))
    if ask.control == "unless":
        return "true" if value is False else ""
    if isinstance(value, bool):
        return "true" if value else ""
    if isinstance(value, int):
        if ask.control == "amount":
            return to_text(value)
        if ask.control == "points":
            return f"{(Decimal(value) / scale).normalize():f}"
        return f"{Decimal(value).scaleb(-_SCALES.get(ask.control, 0)).normalize():f}"
    return str(value)[:5] if ask.control == "time" else str(value)
