# `make help` lists the targets. Everything made lies below .venv, .build and .testbed.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Touched when the environment agrees with the lock files.
READY := $(VENV)/.ready
CLOUD ?=
# Most tests wait more than they compute; a file's tests share what they set up.
JOBS ?= 4
# k/n: the k-th of n parts of the tests; all parts together are all of them.
SHARE ?= 1/1

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Tests and demo start Python hundreds of times: compile once.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(READY) ## Make .venv with the command cou and all that the other targets need
	@:

$(READY): requirements.txt requirements-dev.txt pyproject.toml testbed/pyproject.toml scripts/venv.sh
	@scripts/venv.sh $(PYTHON) $(VENV)
	@touch $(READY)

.PHONY: test
test: setup ## Run unit, charm, testbed and integration tests
	@$(BIN)/pytest -q -n $(JOBS) --dist loadfile --share $(SHARE) -m "not deep and not packed"

.PHONY: test-deep
test-deep: setup ## Upgrade whole clouds of every release, and end a run at every named point (SHARE=1/5 for a part)
	@$(BIN)/pytest -q -n $(JOBS) --dist worksteal --share $(SHARE) -m "deep and not proof"

.PHONY: test-proof
test-proof: setup ## Kill, cancel and force real processes at each named point, once for each kind of step (SHARE=1/5)
	@$(BIN)/pytest -q -n 2 --dist loadfile --share $(SHARE) -m proof

# JUJU=real takes the juju on the path; see tests/integration/ground.py for MODEL and CHARM.
export JUJU ?= testbed
export MODEL ?=
export CHARM ?=
TESTS ?= tests/integration

.PHONY: integration
integration: setup ## Run the integration tests (JUJU=real CHARM=x.charm: on your Juju, in a model of its own)
	@$(BIN)/pytest -q $(if $(filter testbed,$(JUJU)),-n $(JOBS) --dist loadfile) $(TESTS)

.PHONY: test-fast
test-fast: setup ## Run what takes less than a second per test
	@$(BIN)/pytest -q -n $(JOBS) --dist loadfile -m "not slow and not integration and not deep"

.PHONY: lint
lint: setup ## Check style, types, spelling and the arrows between the rooms
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright --warnings
	@$(BIN)/lint-imports
	@$(BIN)/codespell

.PHONY: format
format: setup ## Format the code and sort its imports
	@$(BIN)/ruff check --fix -q .
	@$(BIN)/ruff format .

.PHONY: proof
proof: setup ## All of test-deep and test-proof, then real processes ended at every instant; hours (SHARE=1/20)
	@$(MAKE) test-deep test-proof SHARE=$(SHARE)
	@$(BIN)/python -m tests.proof --share $(SHARE) --jobs $(JOBS)

.PHONY: mutants
mutants: setup ## Break the code behind each promise; what no test notices is printed; hours (SHARE=1/40)
	@$(BIN)/python -m tests.mutants --share $(SHARE)

FUZZ_S ?= 60
FUZZ_SEED ?= 1

.PHONY: fuzz
fuzz: setup ## Random input at every door, for FUZZ_S seconds from FUZZ_SEED
	@PYTHONPATH=src $(BIN)/python -m tests.fuzz --seconds $(FUZZ_S) --seed $(FUZZ_SEED)

.PHONY: demo
demo: setup ## Watch a whole upgrade, stopped twice on the way (CLOUD=bundle.yaml or snapshot.json for yours)
	@$(BIN)/python -m demo $(if $(CLOUD),--cloud "$(CLOUD)")

.PHONY: shell
shell: setup ## Play with the same cloud: a shell with juju on the path
	@$(BIN)/python -m demo --shell $(if $(CLOUD),--cloud "$(CLOUD)")

.PHONY: pictures
pictures: setup ## Make the pictures of the live view in docs; needs tmux and chromium
	@$(BIN)/python -m tests.cli.pictures docs/how-to/images

.PHONY: pack
pack: ## Pack the charm with charmcraft
	@scripts/pack.sh

.PHONY: analyse
analyse: ## Have charmcraft analyse the packed charm; each of its rows is good or explained
	@/usr/bin/python3 scripts/analyse.py ./*.charm

.PHONY: listing
listing: setup ## Check what a public listing on Charmhub asks for
	@$(BIN)/python scripts/listing.py $(if $(RELEASE),--release)

AUDIT := .build/audit

$(AUDIT)/.ready: requirements-audit.txt
	@rm -rf $(AUDIT) && $(PYTHON) -m venv $(AUDIT)
	@$(AUDIT)/bin/python -m pip install --no-input --quiet --require-hashes -r requirements-audit.txt
	@touch $@

.PHONY: audit
audit: $(AUDIT)/.ready ## Ask for known weaknesses of the packages that the charm is locked to
	@$(PYTHON) scripts/audit_dependencies.py $(AUDIT)/bin/pip-audit requirements.txt

.PHONY: sbom
sbom: $(AUDIT)/.ready ## Write what the charm is made of, as CycloneDX, from the lock file
	@scripts/sbom.sh $(AUDIT)/bin .build/sbom.cdx.json

.PHONY: test-packed
test-packed: setup ## Pack this charm and the one before, and try both in a machine with systemd
	@scripts/test_packed.sh $(BIN)

.PHONY: reference
reference: setup ## Write the pages of the reference that are generated
	@$(BIN)/python -m scripts.reference

.PHONY: proof-plans
proof-plans: setup ## Check the planner's rules on a few thousand random clouds on focal and jammy
	@COU_RANDOM_CLOUDS=$${COU_RANDOM_CLOUDS:-4000} $(BIN)/pytest -q tests/unit/plan/test_promises.py

.PHONY: bench
bench: setup ## Measure what docs/reference/performance.md says: JSON and pictures
	@$(BIN)/python -m benchmarks

.PHONY: lock
lock: setup ## Compile the lock files again; needs the oldest Python supported, 3.10
	@scripts/lock.sh $(BIN)

.PHONY: clean
clean: ## Remove what was made, but for .venv
	@rm -rf .build .testbed .pytest_cache .ruff_cache .hypothesis .import_linter_cache *.charm
	@find . -name __pycache__ -not -path "./$(VENV)/*" -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## Remove .venv too
	@rm -rf $(VENV)
