# Needs Python 3.11 or later with pip, and make. Everything else goes into .venv.
PYTHON ?= python3
UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# Two tests at a time: most wait for something. Timing tests are told apart by nothing but patience, so not more.
WORKERS ?= 2

# What `make check` leaves out by its markers, and does not even import.
UNCHECKED := browser contracts live simulator

# Where Python may not keep what it compiled, each start compiles everything anew, which is nearly half of its time; the
# tests start hundreds of processes.
export PYTHONDONTWRITEBYTECODE :=
# --inexact keeps what another target installed; --frozen takes the lock file as it is.
SYNC := env -u VIRTUAL_ENV UV_PROJECT_ENVIRONMENT=$(VENV) $(BIN)/uv sync --quiet --frozen --inexact --compile-bytecode \
        --no-python-downloads --python $(BIN)/python
# A stamp is newer than what it was made from: a second run does nothing.
RUNTIME := $(VENV)/.stamp-runtime
TESTS := $(VENV)/.stamp-tests
DEV := $(VENV)/.stamp-dev

.DEFAULT_GOAL := help
.PHONY: help setup up env check pin test audit lint export spectral bench

help:  ## these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(RUNTIME)  ## .venv with what Pasokh needs to run, and .venv/bin/pasokh

up: $(RUNTIME)  ## the whole of Pasokh in one process, with a demo workspace; ARGS="--port 8900"
	@exec $(BIN)/pasokh up --demo $(ARGS)

env: $(RUNTIME)  ## .env for docker compose, with generated secrets; what is in it stays
	@$(BIN)/pasokh env $(ARGS)

pin:  ## digests of the images of docker compose into .env; needs Docker
	@deploy/pin

test: $(TESTS)  ## all tests; ARGS="tests/sla -x"; PASOKH_REQUIRE_LIVE=1 fails where a real server cannot be had
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder $(ARGS)

check: $(DEV)  ## what to ask while working: style, types, and the quick tests, on all cores; within a minute
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	$(BIN)/mypy --no-error-summary $(sort $(dir $(wildcard $(addsuffix /*.py,schemas services tests bench training deploy/generate))))
	$(BIN)/lint-imports --no-logo >/dev/null || $(BIN)/lint-imports
	HYPOTHESIS_PROFILE=check $(BIN)/python -m pytest -q -n auto --dist loadscope -p no:schemathesis -m "not (live or slow or simulator or adapters)" \
	    $(foreach folder,$(UNCHECKED),--ignore tests/$(folder)) $(ARGS)

audit: $(DEV)  ## known holes in what is installed; fails where that could not be looked up
	@$(BIN)/python .ci/audit

lint: $(DEV)  ## style, types, direction of imports, dependencies
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy $(sort $(dir $(wildcard $(addsuffix /*.py,schemas services tests bench training deploy/generate))))
	$(BIN)/lint-imports
	$(BIN)/deptry .

export: $(RUNTIME)  ## schemas/export anew: JSON Schemas, AsyncAPI, OpenAPI; ARGS=--breaking if it has to be
	$(BIN)/python -m services.cli.export $(ARGS)

spectral: export  ## the OpenAPI document by spectral's rules; needs npx
	@command -v npx >/dev/null || { echo "There is no npx here; install Node.js." >&2; exit 1; }
	npx --yes @stoplight/spectral-cli lint --fail-severity=hint --ruleset .spectral.yaml schemas/export/openapi.json

bench: $(TESTS)  ## measurements against the stated limits
	$(BIN)/python -m bench $(ARGS)

# Without ensurepip (Debian's python3 has none) the outer pip installs into the environment; without an outer pip, the
# environment's own does.
$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Pasokh needs Python 3.11 or later; make PYTHON=/path/to/python3.11")'
	@if $(PYTHON) -m pip --version >/dev/null 2>&1; \
	then $(PYTHON) -m venv --without-pip $(VENV) && $(PYTHON) -m pip --python $(BIN)/python install --quiet uv==$(UV_VERSION); \
	else $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet uv==$(UV_VERSION); fi

$(RUNTIME): pyproject.toml uv.lock | $(BIN)/uv
	$(SYNC) --no-default-groups
	@touch $@

$(TESTS): pyproject.toml uv.lock | $(BIN)/uv
	$(SYNC) --no-default-groups --group test --group live
	@touch $@ $(RUNTIME)

$(DEV): pyproject.toml uv.lock | $(BIN)/uv
	$(SYNC) --group dev
	@touch $@ $(TESTS) $(RUNTIME)
