# Needs Python 3.11 or newer and make; everything else goes into .venv.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test check lint types templates texts soak bench screenshots clean

VENV := .venv
BIN := $(VENV)/bin
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	"$$python" -c '$(NEW_ENOUGH)' 2>/dev/null && { echo "$$python"; break; }; done)
DB ?=
ARGS ?=

help: ## Say what there is
	@echo "Unstick: see what is stuck in a message queue, and put it right."
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  make run DB=~/.claude-mem/claude-mem.db     a real queue"
	@echo "  make run ARGS='--port 9000'                 any option of the command"
	@echo "  make test ARGS='-k retry'                   any option of pytest"

run: $(VENV)/installed ## Open the queue in the browser: DB=path for a real one, else a living demo
	@exec $(BIN)/unstick $(if $(DB),serve "$(DB)",demo) --open $(ARGS)

test: $(VENV)/installed-for-tests ## Run all tests, in a real browser too
	@$(BIN)/python -m tests.browser.chromium
	$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

check: lint types templates test ## What CI runs: lint, types, templates, then all tests

lint: $(VENV)/installed-for-tests ## Check the style of the code
	$(BIN)/ruff check .

types: $(VENV)/installed-for-tests ## Check the types
	$(BIN)/mypy

templates: $(VENV)/installed-for-tests ## Check the templates
	$(BIN)/djlint --lint --quiet templates

texts: $(VENV)/installed-for-tests ## Bring the files of all languages up to date with the code
	$(BIN)/python -m tests.project.catalogs

soak: $(VENV)/installed-for-tests ## Kill workers a hundred times on every database; then press buttons beside a busy worker
	$(BIN)/python -m tests.store.kill $(ARGS)
	$(BIN)/python -m tests.browser.soak

bench: $(VENV)/installed-for-bench ## Measure the store side by side with its peers (half an hour)
	$(BIN)/python -m bench $(ARGS)

screenshots: $(VENV)/installed-for-tests ## Make the pictures in docs/ anew
	$(BIN)/python -m tests.browser.screenshots

clean: ## Remove what make and the tools made
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/installed: pyproject.toml | $(VENV)/made
	@echo "Installing Unstick into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/installed-for-tests: pyproject.toml | $(VENV)/made
	@echo "Installing Unstick and what its tests need into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/installed

$(VENV)/installed-for-bench: pyproject.toml | $(VENV)/made
	@echo "Installing Unstick and what it is measured against into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,bench]'
	@touch $@ $(VENV)/installed-for-tests $(VENV)/installed

$(VENV)/made:
	@test -n "$(PYTHON)" && "$(PYTHON)" -c '$(NEW_ENOUGH)' || { \
		echo "Unstick needs Python 3.11 or newer. Install it (on Debian or Ubuntu: apt install python3 python3-venv),"; \
		echo "or say where it is: make PYTHON=/path/to/python3"; exit 1; } >&2
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "This Python cannot make virtual environments. Install that (on Debian or Ubuntu: apt install python3-venv),"; \
		echo "then run make again."; exit 1; } >&2
	@"$(PYTHON)" -m venv --clear $(VENV)
	@touch $@
