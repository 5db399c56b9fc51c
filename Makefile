# What one does here, each in one word. `make help` lists them.
# All that is needed is make and Python 3.11 or newer.

VENV := .venv
BIN := $(VENV)/bin
PYTHON := $(BIN)/python
PIP := $(PYTHON) -m pip install --quiet --disable-pip-version-check --no-input
# In parallel, one file to a worker: tests of a file share its fixtures. Two more than there are cores, because
# system tests wait for other processes most of the time. Python's development mode without its allocator, which looks
# for faults of C and takes a third of the time.
PYTEST = PYTHONDEVMODE=1 PYTHONMALLOC=default $(PYTHON) -m pytest -q -n $$($(PYTHON) -c 'import os; print(os.cpu_count() + 2)') --dist loadfile --no-loadscope-reorder
CORES = $(shell $(PYTHON) -c 'import os; print(os.cpu_count())')
ARGS ?=

.DEFAULT_GOAL := help
# Compiled once, whatever the settings of this machine say: this starts processes by the dozen, tests by the hundred.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help up test flaky check cover mutants docs format constraints wheelhouse bench bench-quick soak proof-cluster attack shots exercises kafka test-all-pythons clean types import-rules dead-code fast-tests

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | while IFS="$$(printf '\t')" read -r name text; do \
	  printf '  make %-18s %s\n' "$$name" "$$text"; done

up: $(VENV)/.installed ## the whole network on this PC (ARGS="--points 3 --once")
	@exec $(BIN)/evcharge up $(ARGS)

test: $(VENV)/.installed-dev ## all tests (ARGS="-k journal")
	@.ci/packages
	@$(PYTEST) $(ARGS)

flaky: $(VENV)/.installed-dev ## what a change's tests do three times idle and three times beside a busy program (ARGS="--base HEAD~3")
	@.ci/packages
	@$(PYTHON) -m tests.flaky $(ARGS)

# `make check COVER=1` is `make check` and `make cover` in one: the fast tests take twice as long then.
COVERED = --cov --cov-report=term

check: $(VENV)/.installed-dev ## format, lint, types, import rules, dead code, fast tests
	@$(BIN)/ruff format --check --quiet . || { echo "Not formatted: run make format." >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(MAKE) --no-print-directory --jobs=$(CORES) types import-rules dead-code fast-tests

# What `check` does at once: each of the first three needs one core only.
types:
	@$(BIN)/mypy --no-error-summary

import-rules:
	@$(BIN)/lint-imports

dead-code:
	@$(BIN)/vulture

fast-tests:
	@$(PYTEST) -n $$(($(CORES) + 1)) tests/unit $(if $(COVER),$(COVERED))

cover: $(VENV)/.installed-dev ## fast tests reach every branch of what decides about money and permission
	@$(PYTEST) tests/unit $(COVERED) $(ARGS)

mutants: $(VENV)/.installed-dev ## change the pure rules in thousands of ways: each must fail a test (ARGS="evcharge.domain.billing.*")
	@test -x $(BIN)/mutmut || $(PIP) 'mutmut>=3.8,<4'
	@$(BIN)/mutmut run $(ARGS); $(BIN)/mutmut results

docs: $(VENV)/.installed-dev ## the documents as a site, in build/docs; a link that leads nowhere fails
	@$(PYTHON) -c 'import material' 2>/dev/null || $(PIP) 'mkdocs-material>=9.5,<10'
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --config-file .ci/mkdocs.yml

format: $(VENV)/.installed-dev ## let ruff format and mend what it can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(VENV)/.installed-dev ## the benchmarks in full, some 40 minutes; figures in bench.json (ARGS=--keep: a line of this release)
	@$(PYTHON) -m bench.run --json bench.json $(ARGS)

bench-quick: $(VENV)/.installed-dev ## the benchmarks in small: a few minutes
	@$(PYTHON) -m bench.run --quick $(ARGS)

soak: $(VENV)/.installed-dev ## 500 random kills under traffic, then every mWh and cent is counted (ARGS="--kills 50")
	@$(PYTHON) -m tests.system.soak $(ARGS)

proof-cluster: $(VENV)/.installed-dev ## break several Centrals and their PostgreSQL 300 times under charges, an hour (ARGS="--faults 20 --seconds 600")
	@.ci/packages
	@$(PYTHON) -m tests.cluster $(ARGS)

attack: $(VENV)/.installed-dev ## floods, slow peers, liars, replays, guesses; and what neighbours notice (ARGS="--list")
	@$(PYTHON) -m tests.attack $(ARGS)

exercises: $(VENV)/.installed-dev ## hidden tests of the exercises in docs/lab (ARGS="reason --tree ../ana")
	@$(PYTHON) -m tests.exercises $(ARGS)

shots: $(VENV)/.installed-dev ## photograph every web page, dark and light, on four screens, into shots (ARGS="--wide 390")
	@.ci/packages
	@$(PYTHON) -m tests.web.shots $(ARGS)

kafka: $(VENV)/.installed-dev ## a real Kafka broker on this PC, until Ctrl+C (ARGS="--port 9092 --wipe")
	@.ci/packages
	@exec $(PYTHON) -m tests.kafka $(ARGS)

test-all-pythons: ## all tests on every Python 3.11 to 3.13 found here
	@found=; for version in 3.11 3.12 3.13; do \
	  python=$$(for candidate in python$$version $$HOME/.pyenv/versions/$$version*/bin/python; do \
	    $$candidate -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$$version')" 2>/dev/null && echo $$candidate && break; done); \
	  if [ -z "$$python" ]; then echo "Python $$version: not found, left out."; continue; fi; \
	  found="$$found $$version"; \
	  $(MAKE) --no-print-directory VENV=.venv-$$version PYTHON_FOUND=$$python test || exit 1; \
	done; \
	[ -n "$$found" ] || { echo "No Python 3.11 to 3.13 found." >&2; exit 1; }; echo "Passed on$$found."

constraints: $(PYTHON) ## the newest versions of all that tests need, into constraints.txt
	@$(PIP) --dry-run --ignore-installed --report $(VENV)/report.json '.[dev]'
	@$(PYTHON) -c "$$PINS" $(VENV)/report.json >constraints.new && mv constraints.new constraints.txt

wheelhouse: $(PYTHON) ## wheels of evcharge and of all it needs, for PCs without internet
	@rm -rf wheelhouse
	@$(PYTHON) -m pip --quiet --disable-pip-version-check --no-input wheel --wheel-dir wheelhouse --constraint constraints.txt $(ARGS) .
	@echo "wheelhouse/ holds $$(ls wheelhouse | wc -l) wheels, for $$($(PYTHON) --version) on $$(uname -sm)."
	@echo "On a PC of that kind: python3 -m venv .venv && .venv/bin/pip install --no-index --find-links wheelhouse evcharge"

define PINS
import json, re, sys
names = [one["metadata"] for one in json.load(open(sys.argv[1], encoding="utf-8"))["install"]]
pins = {re.sub("[-_.]+", "-", one["name"]).lower(): one["version"] for one in names if one["name"] != "evcharge"}
print("# What `make` installs for tests, to the version, on Python 3.11 to 3.13; newer ones: `make constraints`.")
print(*sorted(f"{name}=={version}" for name, version in pins.items()), sep="\n")
endef
export PINS

clean: ## remove what make and the tools made (never a state folder)
	@rm -rf .venv .venv-3.* build dist wheelhouse .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage mutants
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- the virtual environment

# The first of these that is new enough; asking each costs less than trusting its name.
PYTHON_FOUND = $(shell for candidate in python3.13 python3.12 python3.11 python3 python; do \
	$$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$candidate && break; done)

$(PYTHON):
	@python="$(PYTHON_FOUND)"; \
	[ -n "$$python" ] || { echo "evcharge needs Python 3.11 or newer, and none is here. On Debian or Ubuntu: apt-get install python3 python3-venv" >&2; exit 1; }; \
	$$python -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv is missing here. On Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }; \
	echo "Making $(VENV) with $$($$python --version)"; \
	$$python -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# The stamps are older than pyproject.toml only when it has changed: then, and only then, pip runs again.
$(VENV)/.installed: pyproject.toml | $(PYTHON)
	@echo "Installing evcharge into $(VENV)"
	@$(PIP) --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(PYTHON)
	@echo "Installing evcharge and the tools for its tests into $(VENV)"
	@$(PIP) --constraint constraints.txt --editable '.[dev]'
	@touch $@ $(VENV)/.installed
