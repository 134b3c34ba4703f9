# Everything a person needs to run, test and measure the house. `make help` lists the targets.
#
# The environment lies in .venv and is installed from requirements/dev.lock, hash by hash. A stamp makes later runs
# fast; it goes stale when the lock or pyproject.toml changes. Python 3.11+ with venv is all that must be there before.
# The lock is complete, so nothing is resolved; wheels only, since building others would fetch what no hash covers.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
PREPARED := $(VENV)/.prepared
PEERS := $(dir $(wildcard tests/interop/*/package-lock.json tests/pages/package-lock.json))
PEERS_PREPARED := $(addsuffix node_modules/.prepared,$(PEERS))

ARGS ?=
PYTEST_ARGS ?=
BENCH ?=
PAGES ?=
# Tests run on every core, a file on one of them; those that break servers or drive a browser come last, by themselves.
SIDE_BY_SIDE = -n $(JOBS) --dist loadfile --no-loadscope-reorder
JOBS ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)

# The first interpreter that is new enough and can make an environment.
FIND_PYTHON = for p in $${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do \
	if $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo $$p; break; fi; done

# Everything else is compiled ahead, on all cores: where Python may write no bytecode, each start would compile it anew,
# and the tests start hundreds of servers.
NEVER_STARTED := /(faker|mypy|mypyc|pip|pkg_resources|setuptools|tests|testing|SelfTest)/

PIP = $(PY) -m pip install -qq --disable-pip-version-check --no-deps
# uv installs in seconds what takes pip a minute; the lock has it too, and where it cannot work pip does.
INSTALL_BY_UV = { uv="$$(command -v uv)" || { \
	sed -n '/^uv==/,/[^\\]$$/p' requirements/dev.lock >$(VENV)/uv.lock && \
	$(PIP) --only-binary :all: --no-compile --require-hashes -r $(VENV)/uv.lock && uv="$(BIN)/uv"; }; } && \
	"$$uv" pip install --quiet --python $(PY) --no-build --no-deps --require-hashes -r requirements/dev.lock && \
	"$$uv" pip install --quiet --python $(PY) --no-deps --no-build-isolation --no-index -e .

.PHONY: help prepare serve test check format format-check lint types imports audit docs interop peers bench lock messages pictures clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

prepare: $(PREPARED) ## Make the environment from the lock

$(PY):
	@python="$$($(FIND_PYTHON))"; \
	if [ -z "$$python" ]; then echo "Python 3.11 or newer with its venv module is needed (Debian: apt-get install python3-venv)." >&2; exit 1; fi; \
	echo "Making $(VENV) with $$($$python --version)"; rm -rf $(VENV); $$python -m venv $(VENV)

$(PREPARED): requirements/dev.lock pyproject.toml | $(PY)
	@echo "Installing from requirements/dev.lock"
	@$(INSTALL_BY_UV) || { $(PIP) --only-binary :all: --no-compile --require-hashes -r requirements/dev.lock && \
		$(PIP) --no-build-isolation --no-index -e .; }
	@$(PY) -m compileall -qq -j 0 -x '$(NEVER_STARTED)' $(VENV)/lib || true
	@touch $@

serve: prepare ## Prepare, migrate and serve (ARGS="--port 8080")
	@exec $(BIN)/sealwright serve $(ARGS)

test: ## Run the tests, on both databases and all cores (PYTEST_ARGS="-k issue", JOBS=1)
	@$(MAKE) --no-print-directory -j4 prepare peers
	@$(PY) -m compileall -qq -j 0 src tests
	@if [ -n "$(PYTEST_ARGS)" ]; then exec $(PY) -m pytest $(PYTEST_ARGS); fi; \
	export TMPDIR=$$(mktemp -d -p "$$($(PY) -m tests.support.scratch)" sealwright-tests-XXXXXX) && chmod 0755 "$$TMPDIR" && \
	trap 'rm -rf "$$TMPDIR"' EXIT && \
	$(PY) -m pytest -q $(SIDE_BY_SIDE) --ignore=tests/faults --ignore=tests/pages && \
	$(PY) -m pytest -q $(SIDE_BY_SIDE) tests/faults tests/pages

check: format-check lint types imports audit docs test ## The whole gate, each step a target of its own

format: prepare ## Format the code in place
	@$(BIN)/ruff format src tests benchmarks examples requirements
	@$(BIN)/ruff check --fix --select I src tests benchmarks examples requirements

format-check: prepare ## Is the code formatted?
	@$(BIN)/ruff format --check src tests benchmarks examples requirements

lint: prepare ## Lint the code
	@$(BIN)/ruff check src tests benchmarks examples requirements

types: prepare ## Check the types, strictly
	@$(BIN)/mypy

imports: prepare ## Check which way imports run
	@$(BIN)/lint-imports --no-logo

audit: prepare ## Look up known faults of the locked dependencies
	@$(PY) requirements/audit.py

docs: prepare ## Prove the documentation complete
	@$(PY) -m pytest -q tests/docs tests/house

peers: $(PEERS_PREPARED) ## Install the peers and the page checks from their own locks, without their scripts

%/node_modules/.prepared: %/package-lock.json %/package.json
	@if command -v npm >/dev/null 2>&1; then \
		echo "Installing the peer in $*"; \
		cd $* && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && touch node_modules/.prepared; \
	else echo "npm is not here: tests with the peer in $* will say so" >&2; fi

interop: prepare peers ## Exchange documents with independent implementations
	@$(PY) -m pytest tests/interop $(PYTEST_ARGS)

bench: prepare peers ## Measure, side by side with peers (BENCH="issue verify")
	@$(PY) -m benchmarks $(BENCH)

lock: prepare ## Write the lock files anew from pyproject.toml (UPGRADE=1 takes newer releases)
	@$(PY) requirements/lock.py $(if $(UPGRADE),--upgrade)

messages: prepare ## Collect the texts of pages and mails into the catalogs (says what lacks a translation)
	@$(PY) -m sealwright.locales.collecting

pictures: prepare ## Take the guide's pictures of every page anew (PAGES="issuer setup" takes those)
	@$(PY) -m tests.pages.pictures $(PAGES)

clean: ## Remove what the other targets made, but no data
	@rm -rf $(VENV) .cache .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist
	@rm -rf $(addsuffix node_modules,$(PEERS))
	@find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
