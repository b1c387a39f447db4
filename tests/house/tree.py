"""The files of the checkout that are ours: what the house tests look at."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = {".git", ".venv", ".venv-lock", ".venv-peers", ".erp-club", "__pycache__", "node_modules", "dist", "vendor"}
CACHES = (".pytest_cache", ".ruff_cache", ".hypothesis", ".import_linter_cache")


def _walk(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        # In a linked worktree .git is a file.
        if entry.name in NOT_OURS or entry.name in CACHES:
            continue
        if entry.is_dir():
            yield from _walk(entry)
        else:
            yield entry


@cache
def files(folder: str = ".", *suffixes: str) -> tuple[Path, ...]:
    """Our files under a folder of the checkout, by name; all kinds when no suffix is given. None when it is missing."""
    start = ROOT / folder
    return tuple(p for p in _walk(start) if not suffixes or p.suffix in suffixes) if start.is_dir() else ()


def name(path: Path) -> str:
    """The path as it stands in the repository, with forward slashes."""
    return path.relative_to(ROOT).as_posix()


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of one of our Python files."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=name(path))


def allowed(path: Path, places: dict[str, str]) -> bool:
    """Whether a file is one of `places`, or lies in one that ends with a slash."""
    return any(name(path) == place or (place.endswith("/") and name(path).startswith(place)) for place in places)
