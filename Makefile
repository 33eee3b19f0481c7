# Needs Python 3.11 to 3.13 and nothing else. Every target prepares what it needs, shows what it does, and does nothing twice.
PYTHON ?= python3
VENV := .venv
# Settings of `make up`, `make down` and `make deploy`.
CONFIG ?= skuloop.toml
LABEL_STUDIO_VENV := .venv-label-studio
BIN := $(VENV)/bin
UV := $(BIN)/uv --no-config
ROOMS := flows spiders tasks labelling warehouse recognition serving skuloop
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export DO_NOT_TRACK := 1

.PHONY: all setup setup-label-studio demo test test-fast check format docs lock deploy up down clean help
all: setup setup-label-studio

help:  ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-20s %s\n", $$1, $$2}'

setup: $(VENV)/.installed  ## Make the environment of skuloop in .venv

setup-label-studio: $(LABEL_STUDIO_VENV)/.installed  ## Make the separate environment of the Label Studio server

$(VENV)/.uv: requirements/bootstrap.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || { \
		echo "skuloop needs Python 3.11 to 3.13; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12" >&2; exit 1; }
	@echo "==> making $(VENV)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@touch $@

$(VENV)/.installed: $(VENV)/.uv requirements/lock.txt pyproject.toml
	@echo "==> installing the locked packages (about 6 GB on disk: PyTorch's published wheel carries its GPU libraries)"
	$(UV) pip install --python $(BIN)/python --compile-bytecode --require-hashes -r requirements/lock.txt
	$(UV) pip install --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(LABEL_STUDIO_VENV)/.installed: $(VENV)/.uv requirements/label-studio.txt
	@echo "==> making $(LABEL_STUDIO_VENV): Label Studio cannot share an environment with Prefect"
	$(PYTHON) -m venv $(LABEL_STUDIO_VENV)
	$(UV) pip install --python $(LABEL_STUDIO_VENV)/bin/python --compile-bytecode --require-hashes -r requirements/label-studio.txt
	@touch $@

demo: setup setup-label-studio  ## Run the whole loop on a synthetic shop, unattended (under 10 minutes)
	$(BIN)/skuloop demo

check: setup  ## Format, lint, types and architecture contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: setup setup-label-studio  ## The whole test suite, fast tests first
	$(BIN)/pytest

test-fast: setup  ## The tests that start no server (under five minutes on two cores)
	$(BIN)/pytest -m "not slow"

format: setup  ## Rewrite the code in the house style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: setup  ## Write docs/reference/warehouse.md anew from the comments in the schema
	$(BIN)/python -m warehouse.reference docs/reference/warehouse.md

lock: $(VENV)/.uv  ## Resolve the pinned, hashed locks anew (no index address is written into them)
	$(UV) pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade -o requirements/lock.txt --quiet
	$(UV) pip compile requirements/label-studio.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade -o requirements/label-studio.txt --quiet

deploy: setup  ## Start a local Prefect server if none answers, and deploy the flows with their schedules
	$(BIN)/skuloop deploy --config $(CONFIG)

up: setup setup-label-studio  ## Start Prefect, its worker and Label Studio, deploy, and show where all of it is
	$(BIN)/skuloop up --config $(CONFIG)

down:  ## Stop what `make up` started
	$(BIN)/skuloop down --config $(CONFIG)

clean:  ## Remove both environments and all caches (never data)
	rm -rf $(VENV) $(LABEL_STUDIO_VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
