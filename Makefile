# Two commands: `make run` for a family, `make test` for whoever changes the program.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test lint format bench docs clean

run: $(VENV)/made
	@exec $(BIN)/nightlight serve

test: $(VENV)/made-for-tests
	$(BIN)/python -m tests.chromium
	$(BIN)/python -m tests.mongodb
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(VENV)/made-for-tests
	$(BIN)/ruff check app bench docs migrations tests
	$(BIN)/ruff format --check app bench docs migrations tests
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/made-for-tests
	$(BIN)/ruff check --fix app bench docs migrations tests
	$(BIN)/ruff format app bench docs migrations tests

bench: $(VENV)/made-for-tests
	$(BIN)/python -m bench

docs: $(VENV)/made-for-tests
	$(BIN)/nightlight settings --markdown > docs/settings.md
	RECORD_ASKED=1 $(BIN)/python -m pytest tests/compat
	$(BIN)/python -m tests.manifest > docs/manifest.md

clean:
	rm -rf $(VENV) .cache build *.egg-info

$(VENV)/made: setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; this is `$(PYTHON) --version`. Try: make run PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) 2>/dev/null || $(MAKE) --no-print-directory venv-from-debian
	@echo "Setting up; this takes a minute the first time."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/made-for-tests: $(VENV)/made
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test,lint]'
	@touch $@

# Debian keeps venv in a package of its own.
.PHONY: venv-from-debian
venv-from-debian:
	@rm -rf $(VENV)
	@if [ "`id -u`" = 0 ]; then apt-get update -qq && apt-get install -y -qq python3-venv; \
	else sudo -n true 2>/dev/null && sudo apt-get update -qq && sudo apt-get install -y -qq python3-venv; fi \
		|| { echo "Python's venv is missing. Install it: sudo apt-get install python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
