# The words of this project: run test check fmt bench docs lock. Everything lives in .venv; only
# Python >= 3.11 and make are needed (PYTHON=python3.13 make test picks another interpreter).
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help run test check fmt bench docs lock clean

help:  ## list the words
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 10

run: $(VENV)/.run  ## start the service with demo providers: no key, no network
	$(BIN)/fks-data serve --demo

# Three workers: most tests wait for real servers, so two cores are not busy with fewer.
PYTEST_ARGS ?= -n 3 --dist loadgroup
# What fails beside another test is tried once more alone: tests of the running service count
# seconds, and a fault of ours fails alone too.
PYTEST_AGAIN := --last-failed --last-failed-no-failures none
test: $(VENV)/.test check  ## lint, types, layers, then every test
	$(BIN)/python -m pytest $(PYTEST_ARGS) || $(BIN)/python -m pytest $(PYTEST_AGAIN)

check: $(VENV)/.test  ## lint, types and layers only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: $(VENV)/.test  ## repair what ruff can repair
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: $(VENV)/.bench  ## measure, with yardsticks run beside, into docs/benchmarks.md
	$(BIN)/python -m tests.benchmarks

docs: $(VENV)/.test  ## write docs/providers.md, and the OpenAPI document to build/openapi.json
	$(BIN)/python -m tests.architecture.provider_table
	@mkdir -p build
	$(BIN)/fks-data openapi > build/openapi.json
	@echo "build/openapi.json written; the running service shows it at /docs"

# Three nested sets: a package has the same version in all of them. Hashes only, no index address:
# whichever index pip is configured with has to deliver these very files.
UV := $(BIN)/uv pip compile pyproject.toml --quiet --upgrade --universal --python-version 3.11 \
  --generate-hashes --no-emit-index-url --no-annotate --no-header --group lock
lock:  ## resolve the three lock files anew
	@test -x $(BIN)/python || { $(MAKE) $(VENV)/.run; }
	$(PIP) install uv
	$(UV) --output-file requirements.lock
	$(UV) --extra test --constraint requirements.lock --output-file requirements-test.lock
	$(UV) --extra bench --constraint requirements-test.lock --output-file requirements-bench.lock

clean:  ## forget the environment and every cache
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

# --- the environment: made once, renewed when a lock file or pyproject.toml changes ---

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "fks-data: no $(PYTHON) on the PATH; install Python 3.11 or later, or name one: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "fks-data: $(PYTHON) is older than Python 3.11; name a newer one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "fks-data: $(PYTHON) cannot make virtual environments; install its venv package (Debian, Ubuntu: apt-get install python3-venv)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.lock pyproject.toml | $(BIN)/python
$(VENV)/.test: requirements-test.lock pyproject.toml | $(BIN)/python
$(VENV)/.bench: requirements-bench.lock pyproject.toml | $(BIN)/python

$(VENV)/.run $(VENV)/.test $(VENV)/.bench:
	@echo "installing $< into $(VENV)"
	@$(PIP) install --require-hashes --no-deps --requirement $<
	@$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@
