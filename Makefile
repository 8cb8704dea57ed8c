# Two commands for a fresh machine: `make serve` and `make test`. Both install into .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: serve test check bench clean

serve: $(VENV)/.serve
	$(BIN)/gateway serve

test: $(VENV)/.test
	$(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile $(ARGS)

check: $(VENV)/.check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.test
	for benchmark in benchmarks/[a-z]*.py; do $(BIN)/python $$benchmark || exit 1; done

clean:
	rm -rf $(VENV) build dist *.egg-info

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.serve: setup.cfg | $(BIN)/python
	$(PIP) --editable .
	touch $@

$(VENV)/.test: setup.cfg | $(BIN)/python
	$(PIP) --editable '.[test]'
	touch $@ $(VENV)/.serve

$(VENV)/.check: setup.cfg | $(BIN)/python
	$(PIP) --editable '.[check]'
	touch $@ $(VENV)/.test $(VENV)/.serve
