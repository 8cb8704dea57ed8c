# Two commands for a fresh machine: `make serve` and `make test`. Both install into .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: serve test coverage check docs check-deep bench lock clean

serve: $(VENV)/.serve
	$(BIN)/gateway serve

# PERF: in the order of their names. By their number of tests, slow files of few tests come last, while other workers have nothing to do.
test: $(VENV)/.test
	$(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder $(ARGS)

# The tests again, and the lines and branches of this project that they reach: docs/testing.rst.
coverage:
	$(MAKE) test ARGS="--cov --ignore=tests/serializers/test_fuzz.py $(ARGS)"

check: $(VENV)/.check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) docs

# The documentation as a site, in build/docs. A warning is an error.
docs: $(VENV)/.check
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/docs

# Plants small faults and prints those that no test notices: docs/testing.rst.
check-deep: $(VENV)/.test
	$(BIN)/python -m tests.mutate $(ARGS)

bench: $(VENV)/.test
	for benchmark in benchmarks/[a-z]*.py; do $(BIN)/python $$benchmark || exit 1; done

# deploy/requirements.txt: every package of the image, extras for its settings included, with its version and hashes.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links

lock: $(BIN)/python
	$(PIP) uv
	$(BIN)/$(LOCK) setup.cfg --extra granian --extra msgpack --extra mysql --extra otel --extra redis --output-file deploy/requirements.txt
	printf 'setuptools\nwheel\n' | $(BIN)/$(LOCK) - --output-file deploy/build-requirements.txt

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
