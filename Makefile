# Two commands on a fresh machine: `make demo` and `make test`. Needs Python >= 3.11 with venv, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8080
ARGS ?=

.PHONY: demo test lint bench screens install install-dev

demo: install
	@$(BIN)/contactcenter demo --port $(PORT) $(ARGS)

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "contactcenter needs Python 3.11 or newer; this is $$($(PYTHON) --version 2>&1). Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "Python's venv module is missing. On Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(BIN)/python pyproject.toml package-lock.json
	@echo "installing into $(VENV) …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable . || \
	  { echo "The installation did not succeed; the lines above say why. Run the same command again once it is mended."; exit 1; }
	@touch $@

$(VENV)/.installed-dev: $(BIN)/python pyproject.toml package-lock.json
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.installed

test: install-dev
	@$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile $(ARGS)

lint: install-dev
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/bandit -q -c pyproject.toml -r contactcenter

bench: install
	@$(BIN)/contactcenter bench intake $(ARGS)

screens: install-dev
	@$(BIN)/python -m tests.screens $(ARGS)
