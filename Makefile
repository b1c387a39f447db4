# On a machine with Python 3.11+ (with venv) and make, `make demo` and `make test` bring everything else themselves:
# packages come from PyPI by the hashes of the lock files, PostgreSQL is one of those packages.

VENV := .venv
PY := $(VENV)/bin/python
# Tests start many interpreters: each would compile all modules anew where nobody may keep them compiled.
export PYTHONDONTWRITEBYTECODE :=
PIP := $(PY) -m pip --quiet --disable-pip-version-check --no-input
.DEFAULT_GOAL := help
.PHONY: help demo test lint fmt bench bench-peers torture accessibility fuzz guessing catalogues lock

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /make \1: /p' Makefile

demo: $(VENV)/installed ## load the demo chain and serve it
	@exec $(VENV)/bin/erp-club demo --serve

test: lint ## lint, types, import contracts, all tests
	@$(PY) -m tests.browser.chromium
	$(PY) -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder --durations 30 --durations-min 3

lint: $(VENV)/installed-dev ## lint, types and import contracts only
	$(PY) -m ruff check --quiet
	$(PY) -m ruff format --check --quiet
	$(PY) -m pyright --threads 2
	$(VENV)/bin/lint-imports --no-logo

fmt: $(VENV)/installed-dev ## put the code into the house's format
	$(PY) -m ruff check --fix
	$(PY) -m ruff format

bench: $(VENV)/installed-dev ## the measurements of benchmarks/, one table each
	@for file in benchmarks/[a-z]*.py; do $(PY) -m benchmarks.$$(basename $$file .py) || exit 1; done

bench-peers: $(VENV)/installed-dev .venv-peers/installed ## pricing beside other engines, in an environment of their own
	@$(PY) -m benchmarks.peers

torture: $(VENV)/installed-dev ## tills at work while server and PostgreSQL are killed 200 times, 1,000 rounds of races, 20,000 random steps, a backup meanwhile
	@$(PY) -m tests.torture
	@$(PY) -m tests.torture.races
	@$(PY) -m tests.torture.machine
	@$(PY) -m tests.torture.backup

accessibility: $(VENV)/installed-dev ## every page of the back office by axe's rules in all four languages (the tests take two)
	@ERP_CLUB_AXE=every $(PY) -m pytest -q tests/browser/test_accessibility.py

fuzz: $(VENV)/installed-dev ## 100,000 hostile values in every field of every route (ERP_CLUB_FUZZ_CASES says how many)
	@$(PY) -m tests.corpus

guessing: $(VENV)/installed-dev ## 100,000 guesses each of gift cards and coupon codes, from one till and from 200
	@$(PY) -m tests.stored_value.guessing 100000

catalogues: $(VENV)/installed-dev ## take new strings into web/locale and count what is untranslated
	@$(PY) -m tests.house.catalogues $(PRUNE)

# uv resolves for every platform at once. `make lock UPGRADE=--upgrade` takes newer versions; without it only what
# pyproject.toml asks for changes. The runtime lock holds the build backend too: `make demo` installs this checkout with it.
COMPILE = .venv-lock/bin/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 $(UPGRADE)
BACKEND = $(PY) -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['build-system']['requires'], sep='\n')"
lock: | $(PY) ## resolve pyproject.toml into the lock files
	@test -x .venv-lock/bin/uv || { $(PY) -m venv .venv-lock && .venv-lock/bin/python -m pip install --quiet uv==0.13.9; }
	@$(BACKEND) | $(COMPILE) pyproject.toml - -o requirements.lock
	@$(COMPILE) pyproject.toml --extra dev -o requirements-dev.lock
	@$(COMPILE) --group peers -o requirements-peers.lock

$(VENV)/installed: pyproject.toml requirements.lock | $(PY)
	@echo "Installing the packages of requirements.lock"
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/installed-dev: requirements-dev.lock $(VENV)/installed
	@echo "Installing the packages of requirements-dev.lock"
	@$(PIP) install --require-hashes --requirement requirements-dev.lock
	@touch $@

.venv-peers/installed: requirements-peers.lock | $(PY)
	@echo "Installing the packages of requirements-peers.lock"
	@$(PY) -m venv .venv-peers
	@.venv-peers/bin/python -m pip --quiet --disable-pip-version-check --no-input install --require-hashes --requirement $<
	@touch $@

# The newest of the usual names that is new enough and can make an environment: Debian ships venv apart.
$(PY):
	@old="" bare=""; \
	for python in python3.13 python3.12 python3.11 python3; do \
	  $$python -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null || { old="$$old $$python"; continue; }; \
	  $$python -c "import ensurepip, venv" 2>/dev/null || { bare="$$bare $$python"; continue; }; \
	  echo "Making $(VENV) with $$($$python --version)"; \
	  exec $$python -m venv --clear $(VENV); \
	done; \
	if [ -n "$$bare" ]; then echo "Python lacks its venv module ($$(echo $$bare)). On Debian or Ubuntu: apt-get install python3-venv" >&2; \
	else echo "ERP Club needs Python 3.11 or newer, and found none as$$old. On Debian or Ubuntu: apt-get install python3 python3-venv" >&2; fi; \
	exit 1
