# Renewal Desk. `make help` lists what there is; nothing but python3 (3.11 or newer) is needed.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh

# Which Python makes the environment.
PYTHON ?= python3
# How many processes share the tests.
WORKERS ?= 2
# More arguments for pytest, such as ARGS="-k coverage -x".
ARGS ?=

BIN := .venv/bin

# PORT is read by the service itself. HOST from the command line is taken as it is; from the
# environment only when it is an address, because some shells keep the machine's name there.
ifeq ($(origin HOST),command line)
export RENEWAL_DESK_HOST := $(HOST)
else ifneq ($(shell printf '%s' '$(HOST)' | grep -Ex 'localhost|[0-9.]+|[0-9a-fA-F]*:[0-9a-fA-F:.]*'),)
export RENEWAL_DESK_HOST := $(HOST)
endif
ifdef PORT
export PORT
endif
ifdef RENEWAL_DESK_DATABASE_URL
export RENEWAL_DESK_DATABASE_URL
endif

.PHONY: help
help: ## list the commands
	@printf 'Renewal Desk\n\n'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
	@printf '\nSettings: PORT=8000 HOST=127.0.0.1 RENEWAL_DESK_DATABASE_URL=postgresql://… PYTHON=python3\n'
	@printf 'Tests:    ARGS="-k coverage" WORKERS=2          More: README.md, docs/operations.md\n'

# ------------------------------------------------------------------------------------- run and test

.PHONY: serve
serve: .venv/.serve ## set up, start the database, load the demo set when empty, serve
	@exec $(BIN)/renewal-desk serve --demo

.PHONY: test
test: .venv/.dev ## run the tests
	@$(BIN)/python -m pytest -m "not full and not thorough" -n $(WORKERS) $(ARGS)

.PHONY: check
check: lint types imports migrations contract thorough ## run everything that a change must pass

.PHONY: thorough
thorough: .venv/.dev ## run the tests with those too that ask every operation for every breach
	@$(BIN)/python -m pytest -m "not full" -n $(WORKERS) $(ARGS)

.PHONY: bench
bench: .venv/.dev ## measure against limits and peers (ARGS=--quick for 3 minutes)
	@$(BIN)/python -m bench $(ARGS)

.PHONY: trust
trust: .venv/.dev ## run the long form of the fault tests (under an hour)
	@$(BIN)/python -m pytest -m full $(ARGS)

# ------------------------------------------------------------------------------- the parts of a check

.PHONY: lint
lint: .venv/.dev ## check style and layout of the code
	@printf 'style      '
	@$(BIN)/ruff check --quiet && $(BIN)/ruff format --check --quiet && echo good

.PHONY: types
types: .venv/.dev ## check types
	@printf 'types      '
	@$(BIN)/mypy

.PHONY: imports
imports: .venv/.dev ## check that imports go down only
	@printf 'imports    '
	@report="$$($(BIN)/lint-imports)" && echo good || { echo; echo "$$report"; exit 1; }

.PHONY: migrations
migrations: .venv/.dev ## check that migrations respect live traffic
	@printf 'migrations '
	@$(BIN)/python tools/check_migrations.py

.PHONY: contract
contract: .venv/.dev ## check that openapi/openapi.json is current and good
	@printf 'contract   '
	@$(BIN)/renewal-desk export-openapi --check
	@$(BIN)/python tools/check_contract.py

# --------------------------------------------------------------------------------------- environment

.PHONY: openapi
openapi: .venv/.serve ## write openapi/openapi.json anew
	@$(BIN)/renewal-desk export-openapi

.PHONY: lock
lock: .venv/.dev ## write the locks anew from pyproject.toml and tools/package.json
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
	  --python-version 3.11 --extra build pyproject.toml --output-file requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
	  --python-version 3.11 --extra build --extra dev pyproject.toml \
	  --output-file requirements-dev.txt
	@$(BIN)/python tools/check_contract.py lock

.PHONY: clean
clean: ## remove everything that was made here, except the data
	@rm -rf /dev/shm/renewal-desk-tests-$$(id -u) "$${TMPDIR:-/tmp}"/renewal-desk-tests-$$(id -u)
	@rm -rf .venv .mypy_cache .ruff_cache .import_linter_cache .hypothesis mutants tools/node_modules
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.serve: requirements.txt pyproject.toml tools/environment.py
	@$(PYTHON) tools/environment.py serve
	@touch $@

.venv/.dev: requirements-dev.txt pyproject.toml tools/environment.py
	@$(PYTHON) tools/environment.py dev
	@touch $@
