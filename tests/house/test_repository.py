"""What the repository promises to a newcomer: it stands alone and installs what it says."""

import re
import tomllib
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house import tree

BINARY = {".woff2", ".gz", ".png", ".jpg", ".ico", ".xlsx", ".pyc"}


def _pyproject() -> dict[str, Any]:
    return tomllib.loads((tree.ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _lock(file: str) -> dict[str, str]:
    """Package (canonical name) to its pinned version; a line that pins nothing fails."""
    text = (tree.ROOT / file).read_text(encoding="utf-8")
    entries = [
        line for line in text.replace("\\\n", " ").splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    pins = [re.match(r"([\w.-]+)(?:\[[\w,-]+\])?==(\S+)\s.*--hash=sha256:[0-9a-f]{64}", entry) for entry in entries]
    assert all(pins), f"Pinned and hashed, every one: {[e for e, p in zip(entries, pins, strict=True) if not p]}"
    return {canonicalize_name(pin[1]): pin[2] for pin in pins if pin}


def _names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(r).name) for r in requirements}


def test_the_lock_files_name_no_host():
    for file in ("requirements.lock", "requirements-dev.lock"):
        text = (tree.ROOT / file).read_text(encoding="utf-8")
        assert not re.search(r"https?:|file:|git\+|--(extra-)?index-url|--find-links|--trusted-host| @ ", text), file


def test_the_lock_files_hold_what_pyproject_asks_for():
    project, system = _pyproject()["project"], _pyproject()["build-system"]
    runtime, dev = _lock("requirements.lock"), _lock("requirements-dev.lock")
    assert _names(project["dependencies"] + system["requires"]) <= runtime.keys(), "Run make lock"
    assert _names(project["dependencies"] + project["optional-dependencies"]["dev"]) <= dev.keys(), "Run make lock"


def test_shop_and_tests_run_on_the_same_versions():
    runtime, dev = _lock("requirements.lock"), _lock("requirements-dev.lock")
    apart = {name: (runtime[name], dev[name]) for name in runtime.keys() & dev.keys() if runtime[name] != dev[name]}
    assert not apart, f"Run make lock: {apart}"


def test_no_file_names_a_place_of_one_machine():
    folders, hosts = "work|root|home|Users|tmp|opt", r"pypi\.org|npmjs\.org|pythonhosted\.org"
    machine = re.compile(rf"(?<![\w.])/(?:{folders})/[\w.]|\b(?:{hosts})\b")
    looked_at = [path for path in tree.files() if path.suffix not in BINARY]
    assert len(looked_at) > 20
    wrong = [
        f"{tree.name(path)}:{number} {hit[0]}"
        for path in looked_at
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for hit in [machine.search(line)]
        if hit
    ]
    assert not wrong, wrong


def test_the_checkers_are_not_loosened():
    tools = _pyproject()["tool"]
    assert tools["ruff"]["line-length"] == 120
    assert "erp_club" in tools["pyright"]["strict"]
    assert tools["pytest"]["ini_options"]["filterwarnings"][0] == "error"
    contracts = {contract["id"]: contract for contract in tools["importlinter"]["contracts"]}
    assert contracts["imports-point-down"]["exhaustive"]
    assert set(contracts) >= {"web-over-domain", "domain-without-http", "routes-without-sql", "pure-modules"}
