# One command for each thing that a developer does; `make help` lists them.
# Needs Python 3.11 or newer and make: no compiler, no root, no Docker, no service.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOCK := requirements/dev.lock
CODE := src tests scripts examples
JOBS ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
NAME ?= pipeline
ARGS ?=

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONNOUSERSITE := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test check fix bench docs wheel lock clean

help: ## list these commands
	@sed -n 's/^\([a-z]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | while IFS='	' read -r name text; \
		do printf '  make %-8s %s\n' "$$name" "$$text"; done

setup: $(READY) ## make the virtual environment from the lock file (done once, and when the lock changes)
	@echo 'ready; next: make demo'

demo: $(READY) ## a small platform in a temporary database, judged live, with the console: one address to open
	@$(BIN)/python -m examples.harbour.demo $(ARGS)

test: $(READY) ## run the whole suite; a part of it with ARGS='tests/policy -k missing'
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)

check: $(READY) ## format, ruff, mypy, layers and the documentation's contract, without changing a file
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/contract

fix: $(READY) ## format and repair what can be repaired safely
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

bench: $(READY) ## measure: make bench NAME=pipeline
	@$(BIN)/tocsin bench $(NAME) $(ARGS)

docs: $(READY) ## regenerate the reference pages and check every link
	$(BIN)/python -m scripts.event_schema
	$(BIN)/python -m scripts.docs
	$(BIN)/python -m pytest -q tests/contract/test_docs.py

wheel: $(READY) ## build the wheel into dist/
	$(BIN)/python -m build --wheel --no-isolation

lock: ## resolve the newest versions that pyproject.toml allows into the lock file (needs uv)
	@command -v uv >/dev/null || { echo 'make lock needs uv: pip install uv' >&2; exit 1; }
	uv pip compile pyproject.toml --group dev --extra postgres --extra fast --extra text \
		--extra wide --extra train --extra onnx --python-version 3.11 --universal \
		--generate-hashes --no-header --no-annotate --no-emit-index-url --upgrade -o $(LOCK)

clean: ## remove the virtual environment, caches and builds
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

# The first of these names that is Python 3.11 or newer and can make virtual environments.
$(READY): $(LOCK) pyproject.toml
	@set -e; \
	for name in $(PYTHON) python3.13 python3.12 python3.11 python3; do \
		if $$name -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
			>/dev/null 2>&1; then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo 'no Python 3.11 or newer with venv was found; install one' \
			'(Debian: sudo apt-get install python3-venv)' >&2; \
		echo 'or name it: make setup PYTHON=/path/to/python3.11' >&2; exit 1; \
	fi; \
	echo "setting up $(VENV) with $$($$python --version)"; \
	[ -x $(BIN)/python ] || $$python -m venv $(VENV); \
	$(BIN)/python -m pip install --quiet --only-binary :all: --require-hashes -r $(LOCK); \
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .; \
	touch $@
