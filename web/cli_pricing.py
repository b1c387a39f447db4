"""The console command that prices cases on paper."""

import json
import sys
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from erp_club.kernel.errors import Refused
from erp_club.kernel.text import T
from erp_club.promotions.price_cases.form import Case
from erp_club.promotions.price_cases.told import answer, differences
from web import i18n


@click.command("price-case")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Compare with what each case expects; ends with 1 where it differs.")
def price_case(file: Path, check: bool) -> None:
    """Price the cases of a JSON file, each a small shop with its programmes and a basket.

    Prints a list of {"id", "got"} with the figures that each case expects, or all where it expects none. A case is
    translated into ordinary offers and priced by the same function as a sale. A case that can't be read is named and
    has no figures; the others are priced, and the exit status is 2.
    """
    answers: list[dict[str, Any]] = []
    differ: list[dict[str, Any]] = []
    unreadable = False
    for content in _read(file):
        try:
            case = Case.model_validate(content)
            got = answer(case)
        except ValidationError as fault:
            name = str(content.get("id", "?")) if isinstance(content, dict) else "?"
            click.echo(i18n.say(_unreadable(file, f"{name}: {_why(fault)}").text), err=True)
            unreadable = True
            continue
        for word in case.settings.unknown_words():
            click.echo(
                i18n.say(T("%(case)s: %(word)s isn't known and is passed over.", case=case.id, word=word)), err=True
            )
        answers.append({"id": case.id, "got": {key: got.get(key) for key in case.expect or got}})
        different = {key: {"expect": case.expect[key], "got": got.get(key)} for key in differences(case.expect, got)}
        if different:
            differ.append({"id": case.id, "differs": different})
    click.echo(json.dumps(answers, ensure_ascii=False, indent=1))
    for each in differ if check else ():
        click.echo(json.dumps(each, ensure_ascii=False), err=True)
    sys.exit(2 if unreadable else 1 if check and differ else 0)


def _read(file: Path) -> list[Any]:
    """The cases of a file: a list, an object that holds one under `cases`, or a single case."""
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError) as fault:
        raise _unreadable(file, str(fault)) from fault
    except RecursionError:
        raise _unreadable(file, i18n.say(T("This is nested too deep."))) from None
    cases: Any = content.get("cases", [content]) if isinstance(content, dict) else content
    if not isinstance(cases, list):
        raise _unreadable(file, "cases")
    return cases


def _why(fault: ValidationError) -> str:
    """All that is wrong, and where."""
    faults = fault.errors(include_url=False)
    return "; ".join(": ".join(filter(None, (".".join(map(str, each["loc"])), each["msg"]))) for each in faults)


def _unreadable(file: Path, why: str) -> Refused:
    return Refused(T("%(file)s can't be read as price cases: %(why)s", file=file, why=why))
