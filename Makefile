# Everything a person or CI does with this clone. Works with the make that macOS ships (3.81).

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)

# Whatever the developer has set, `make run` calls nobody: flags beat settings files, and the environment is emptied.
SCRUB := for name in $$(env | sed -nE 's/^((OPENAI|MEETCLI)_[A-Za-z0-9_]*|REDIS_URL|CACHE_TTL_HOURS)=.*/\1/p'); do unset "$$name"; done
RUN := $(BIN)/meetcli extract samples/meetings --engine local --cache-dir .cache/meetcli -o results --ttl none

.PHONY: run test check format lint types bench evaluate soak mutants lowest live clean
.DEFAULT_GOAL := run

run: $(VENV)/.installed
	@$(SCRUB); echo '$$ $(RUN)'; $(RUN)
	@$(SCRUB); echo; echo '# The same again: what is known is not asked twice.'; echo '$$ $(RUN)'; $(RUN)

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n 2 --cov --cov-report=term:skip-covered

# README's examples and options are run and compared by the tests.
check: lint types test

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

bench: $(VENV)/.installed-dev
	$(BIN)/python -m tests.bench

# How good the local engine is, against what people wrote and felt; README carries the figures.
evaluate: $(VENV)/.installed-dev
	$(BIN)/python -m tests.bench.evaluate_local

# pytest's 5 says that nothing carries the marker, which is no failure.
soak: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m soak -n 2 || [ $$? -eq 5 ]

# Plants faults one at a time and names those that no test of the room notices: make mutants ROOM=money
mutants: $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet --editable '.[local,dev,mutants]'
	$(BIN)/python -m tests.mutants $(ROOM)

# The tests with the lowest versions that pyproject.toml states, in an environment of their own; uv resolves them, pip cannot.
lowest: $(BIN)/python
	"$(PYTHON)" -m venv --clear $(VENV)-lowest
	$(VENV)-lowest/bin/python -m pip install --quiet uv
	$(VENV)-lowest/bin/uv pip install --quiet --python $(VENV)-lowest/bin/python --resolution lowest-direct --editable '.[local,dev]'
	$(VENV)-lowest/bin/python -m pytest -n 2

live: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m live || [ $$? -eq 5 ]

clean:
	rm -rf $(VENV) $(VENV)-lowest .cache results build dist .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache

$(BIN)/python:
	@[ -n "$(PYTHON)" ] || { echo 'meetcli needs Python 3.11 or newer; install it, or name one: make PYTHON=/path/to/python3' >&2; exit 1; }
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); \
		echo 'Python could not make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv' >&2; exit 1; }

# Editable, so that the installed command is always the clone's code.
$(VENV)/.installed: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[local,report]'
	@touch $@

$(VENV)/.installed-dev: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[local,dev]'
	@touch $@ $(VENV)/.installed
