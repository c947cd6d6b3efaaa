# `make check` is for every few minutes, `make test` for everything. Both make what they need.

SHELL := /bin/sh
.DEFAULT_GOAL := help

# The system's own Python, as install.sh uses it; PYTHON=python3.13 takes another.
PYTHON ?= $(shell for p in /usr/bin/python3 python3 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
BIN := .venv/bin
FLOORS := screens wizard backends
CODE := $(FLOORS) tests
SCRIPTS := install.sh tests/run .ci/run
PIP_INSTALL := $(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check --require-hashes
# A hanging test is ended with its process: an exception in the middle of hypothesis would only start it again.
FAST := --numprocesses=2 --timeout=60 --timeout-method=thread
UV := .venv-lock/bin/uv
# An empty environment: nothing of this machine's pip or uv settings may end up in the lock files.
COMPILE := env -i PATH=/usr/bin:/bin HOME=/nonexistent UV_CACHE_DIR=$(CURDIR)/.venv-lock/cache \
	$(UV) pip compile --quiet --system-certs --no-config --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links --universal --python-version 3.11 --generate-hashes

.PHONY: help
help: ## what there is to make
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

.PHONY: venv
venv: .venv/complete ## the developer's Python environment, in .venv

.venv/complete: requirements-build.txt requirements-dev.txt
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or newer found" >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(PIP_INSTALL) --only-binary=:all: -r requirements-build.txt
	$(PIP_INSTALL) --only-binary=:all: --no-binary=dkimpy --use-pep517 --no-build-isolation -r requirements-dev.txt
	touch $@

.PHONY: check
check: venv ## format, lint, types, imports, scripts and the fast tests
	@$(MAKE) --no-print-directory --keep-going --output-sync=target --jobs=3 \
		check-tests check-types check-format check-lint check-imports check-scripts

.PHONY: check-format check-lint check-types check-imports check-scripts check-tests
check-format:
	$(BIN)/ruff format --quiet --diff .

check-lint:
	$(BIN)/ruff check --quiet .

check-types:
	$(BIN)/mypy

check-imports:
	$(BIN)/lint-imports

check-scripts:
	PATH="$(CURDIR)/$(BIN):$$PATH" shellcheck $(SCRIPTS)

check-tests:
	$(BIN)/python -m pytest -q -m "not lab and not screens" $(FAST) $(PYTEST_ARGS)

.PHONY: screens
screens: venv ## draw every screen, press its keys, compare the pictures (some minutes)
	$(BIN)/python -m pytest -q -m screens $(FAST) $(PYTEST_ARGS)

.PHONY: format
format: venv ## put the code into the house's format, with the safe repairs of the linter
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .

.PHONY: test
test: ## everything, also on booted Debian machines (root)
	tests/run

.PHONY: lab
lab: venv ## the cached roots of the lab's Debian machines (root)
	$(BIN)/python -m tests.lab.prerequisites
	$(BIN)/python -m tests.lab.images

.PHONY: shell
shell: lab ## a shell on a fresh lab machine: make shell RELEASE=trixie (root)
	$(BIN)/python -m tests.lab.shell $(RELEASE)

.PHONY: chaos
chaos: lab ## kill a first run after every record of its journal, on both releases (root, hours)
	@echo "It may be interrupted: the next call goes on from there. tests/e2e/chaos.py says how to choose records."
	$(BIN)/python -m pytest tests/e2e -m chaos --quiet --capture=no $(PYTEST_ARGS)

.PHONY: bench
bench: lab ## the speed of a replay, as ratios measured in one run (root)
	$(BIN)/python -m tests.bench

.PHONY: lock
lock: $(UV) ## every requirements*.txt anew from pyproject.toml; UPGRADE=1 takes newer releases
	$(COMPILE) $(if $(UPGRADE),--upgrade) --group build -o requirements-build.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml -o requirements.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) --group lexicon -c requirements.txt -o backends/lexicon/requirements.txt

$(UV):
	$(PYTHON) -m venv --clear .venv-lock
	.venv-lock/bin/python -m pip install --quiet --no-input --disable-pip-version-check 'uv>=0.9,<1'

.PHONY: clean
clean: ## remove what was made here, the lab's cached roots excepted
	rm -rf .venv .venv-lock .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
