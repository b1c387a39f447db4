"""Where commits, clocks and SQL may stand; what no linter knows of this house."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import grimp

from tests.house import tree

COMMITS = {
    "web/afterwards.py": "what follows a request has transactions of its own",
    "web/deps.py": "the transaction of a request",
    "web/cli.py": "the transaction of a command",
    "web/cli_backup.py": "the transaction of a command",
    "web/cli_data.py": "the transaction of a command",
    "web/cli_programme.py": "the transaction of a command",
    "web/cli_segments.py": "the transaction of a command",
    "web/cli_jobs.py": "the transactions of a command that works in steps",
    "web/cli_keyring.py": "the transactions of a command that works in steps",
    "web/cli_ledger.py": "the transaction of a command",
    "erp_club/jobs/": "the transactions of a job",
    "erp_club/kernel/schema.py": "a migration is a transaction of its own",
}
CLOCKS = {
    "web/": "the request's time is taken once and passed down",
    "erp_club/jobs/": "a job's time is taken once and passed down",
}
SQL = {
    "erp_club/kernel/": "the database itself",
    "erp_club/imports/": "COPY into staging, then set-based",
    "erp_club/demo/": "the demo chain is laid set-based",
    "erp_club/reports/": "read-only SQL is what a report is",
    "erp_club/segments/": "the compiler makes one SELECT of a condition",
}
SQL_FILES = {
    "commands.py": "writes",
    "queries.py": "reads",
    "models.py": "constraints and computed columns",
    "segment_fields.py": "what segments may ask about, as expressions",
}
SQL_VERBS = {"select", "text", "insert", "update", "delete", "union", "union_all", "exists", "literal_column"}


READ_BY_TESTS = {
    "HOLDINGS": "what merging, access and erasure do with each table",
    "PERSONLESS": "why an erasure leaves columns of texts alone",
}


def _domain() -> tuple[Path, ...]:
    found = (*tree.files("erp_club", ".py"), *tree.files("web", ".py"))
    assert len(found) > 10
    return found


@cache
def _calls(path: Path) -> tuple[tuple[ast.Call, str], ...]:
    """Every call of a file, with the dotted text of what is called."""
    return tuple((node, ast.unparse(node.func)) for node in ast.walk(tree.parsed(path)) if isinstance(node, ast.Call))


def _where(path: Path, node: ast.Call, called: str) -> str:
    return f"{tree.name(path)}:{node.lineno} {called.splitlines()[0][:60]}()"


def test_a_transaction_is_committed_where_the_request_command_or_job_ends():
    wrong = [
        _where(path, node, called)
        for path in _domain()
        if not tree.allowed(path, COMMITS)
        for node, called in _calls(path)
        if called.endswith((".commit", "ession.begin"))
    ]
    assert not wrong, f"Only {', '.join(COMMITS)} commit: {wrong}"


def test_below_web_and_jobs_the_time_is_an_argument():
    reads_clock = re.compile(r"(^|\.)(date|datetime)\.(today|now|utcnow)$")
    wrong = [
        _where(path, node, called)
        for path in _domain()
        if not tree.allowed(path, CLOCKS)
        for node, called in _calls(path)
        if reads_clock.search(called)
    ]
    assert not wrong, f"Take `now` or `today` as an argument: {wrong}"


def _sql_names(path: Path) -> set[str]:
    """The names by which a file can call SQLAlchemy's verbs: `select`, `sa.select`, …"""
    names: set[str] = set()
    for node in ast.walk(tree.parsed(path)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "sqlalchemy":
            names |= {alias.asname or alias.name for alias in node.names if alias.name in SQL_VERBS}
        if isinstance(node, ast.Import):
            modules = [alias.asname or alias.name for alias in node.names if alias.name.split(".")[0] == "sqlalchemy"]
            names |= {f"{module}.{verb}" for module in modules for verb in SQL_VERBS}
    return names


def test_sql_stands_in_commands_and_queries():
    wrong = [
        _where(path, node, called)
        for path in _domain()
        if path.name not in SQL_FILES and not tree.allowed(path, SQL)
        for names in [_sql_names(path)]
        for node, called in _calls(path)
        if called in names
    ]
    assert not wrong, f"Move these to the domain's {' or '.join(SQL_FILES)}: {wrong}"


def test_what_calls_itself_pure_reaches_no_database():
    graph = grimp.build_graph("erp_club", "web", include_external_packages=True, cache_dir=None)
    pure = [path for path in _domain() if re.search(r"\bPure\b", ast.get_docstring(tree.parsed(path)) or "")]
    assert len(pure) > 100
    reached = {
        name: found
        for name in (tree.name(path).removesuffix(".py").replace("/", ".") for path in pure)
        if (found := graph.find_upstream_modules(name) & {"sqlalchemy", "psycopg", "alembic"})
    }
    assert not reached


def test_no_checker_is_switched_off_for_a_whole_file():
    kinds = r"pyright:\s*(basic|strict|standard|report|ignore)|type:\s*ignore|ruff:\s*noqa|fmt:\s*off"
    switch = re.compile(rf"^\s*#\s*({kinds})", re.MULTILINE)
    wrong = [tree.name(p) for p in _domain() if switch.search(p.read_text(encoding="utf-8"))]
    assert not wrong, f"Say it at the one line, with its reason: {wrong}"


def test_tests_neither_sleep_nor_skip():
    forbidden = re.compile(r"(^|\.)(sleep|skip|skipif|importorskip|xfail)$")
    tests = tree.files("tests", ".py")
    assert len(tests) > 5
    wrong = [_where(path, node, called) for path in tests for node, called in _calls(path) if forbidden.search(called)]
    assert not wrong, f"Wait for the thing itself; leave out by marker: {wrong}"


def test_a_migration_is_named_by_its_time_and_what_it_does():
    pattern = re.compile(r"20\d\d_[01]\d_[0-3]\d_[0-2]\d[0-5]\d_[a-z][a-z0-9_]+\.py")
    migrations = tree.files("alembic/versions", ".py")
    assert migrations
    wrong = [p.name for p in migrations if not pattern.fullmatch(p.name)]
    assert not wrong, f"Like 2026_11_22_1000_add_membership_closed_on.py: {wrong}"


def test_the_migrations_folder_does_not_shadow_the_library():
    assert not [tree.name(p) for p in tree.files("alembic", ".py") if p.name == "__init__.py"]


def test_what_a_module_offers_the_product_uses():
    """A command that only tests call is done by nobody: the search for duplicates once stood so, without its job."""
    places = (*_domain(), *tree.files("web/templates", ".html"), *tree.files("alembic", ".py"))
    places += tree.files("benchmarks", ".py")
    words = Counter(word for path in places for word in re.findall(r"\w+", path.read_text(encoding="utf-8")))
    unused = [
        f"{tree.name(path)}:{line} {name}"
        for path in _domain()
        for name, line in _offered(tree.parsed(path))
        if words[name] < 2 and name not in READ_BY_TESTS
    ]
    assert not unused, f"Use it, or take it out with its tests: {unused}"


def _offered(module: ast.Module) -> Iterator[tuple[str, int]]:
    """The functions and values of a module, with their lines. What is decorated is used by its decorator."""
    for node in module.body:
        match node:
            case ast.FunctionDef(name=name, decorator_list=[]):
                yield name, node.lineno
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name, node.lineno
