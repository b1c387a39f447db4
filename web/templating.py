"""Jinja: the environment, and one function that draws a template for a reader."""

import hashlib
import uuid
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined, select_autoescape

from web import charts, codes, formats, i18n
from web.till_keys import KEYS

HERE = Path(__file__).parent
STATIC = HERE / "static"


@cache
def static(path: str) -> str:
    """The address of a static file, with a hash of its content, so that it may be kept for a year."""
    digest = hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:12]
    return f"/static/{path}?v={digest}"


def fresh_key() -> str:
    """A new Idempotency-Key for a form."""
    return uuid.uuid4().hex


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        auto_reload=False,
        # Compiled once for all processes and starts: a server that was killed must be back in seconds.
        bytecode_cache=FileSystemBytecodeCache(),
    )
    made.install_gettext_callables(i18n.translate, i18n.translate_number, newstyle=True)  # type: ignore[attr-defined]
    made.globals.update(static=static, fresh_key=fresh_key, langs=i18n.LANGUAGES, say=i18n.say, charts=charts)
    made.globals.update(formats.GLOBALS, speak=i18n.speak, direction=i18n.direction, keys=KEYS)
    made.filters.update(formats.FILTERS)
    made.filters.update(code_128=codes.code_128, qr=codes.qr)
    made.globals["ui"] = _macros(made)
    return made


def _macros(environment: Environment) -> SimpleNamespace:
    """All macros of templates/ui as `ui.name`; those of a file named `chart.html` as `ui.chart.name`."""
    found: dict[str, Any] = {}
    made = SimpleNamespace(**found)
    environment.globals["ui"] = made
    for path in sorted((HERE / "templates" / "ui").glob("*.html")):
        module = environment.get_template(f"ui/{path.name}").module
        setattr(made, path.stem, module)
        for name, macro in vars(module).items():
            if not name.startswith("_") and callable(macro):
                setattr(made, name, macro)
    return made


ENVIRONMENT = _environment()


NO_CHAIN = SimpleNamespace(name="ERP Club", currency="")
"""Stands for the chain on a page that is drawn without the database."""


def draw(template: str, **values: Any) -> bytes:
    """The template as UTF-8 in the reader's language. `act` and `chain` are missing where nothing is known of them."""
    language = i18n.LANGUAGE.get()
    page = ENVIRONMENT.get_template(template)
    known = {"act": None, "chain": NO_CHAIN, "lang": language, "dir": i18n.direction(language)}
    return page.render(known | values).encode()
