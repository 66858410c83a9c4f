# Everything needed to run, test and build emostats, from nothing but Python 3.11-3.13 and make.
# `make` alone lists the targets. Variables: PYTHON=python3.12 (which interpreter), JOBS=4 (test processes).

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo test coverage test-browser lint docs bench clean

PYTHON ?=
JOBS ?= 2
PYTEST_ARGS ?=

VENV := .venv
PY := $(VENV)/bin/python
INPUTS := pyproject.toml emostats/_version.py .ci/constraints.txt
PIP := $(PY) -m pip install --quiet --disable-pip-version-check --constraint .ci/constraints.txt
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1

# The first interpreter that is new enough and not too new.
define create_venv
@set -e; if ! $(PY) -c '' 2>/dev/null; then \
  for python in $(PYTHON) python3 python3.13 python3.12 python3.11 python; do \
    if "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then \
      found=$$python; break; fi; done; \
  if [ -z "$${found:-}" ]; then \
    echo 'emostats needs Python 3.11, 3.12 or 3.13, and none was found. Name one: make PYTHON=/path/to/python3.12' >&2; exit 1; fi; \
  if ! "$$found" -m venv $(VENV); then \
    echo "$$found cannot make virtual environments (on Debian and Ubuntu: apt install python3-venv)." >&2; exit 1; fi; fi
endef

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

# Two environments in one: what the program needs, and what its developers need on top.
# A stamp says which is installed; it is stale when pyproject.toml or the constraints change.
$(VENV)/.installed: $(INPUTS)
	@echo 'Setting up .venv with emostats (once, about a minute) ...' >&2
	$(create_venv)
	@$(PIP) --editable .
	@touch $@

$(VENV)/.installed-dev: $(INPUTS)
	@echo 'Setting up .venv with emostats and its development tools (once, one or two minutes) ...' >&2
	$(create_venv)
	@$(PIP) --editable '.[dev]'
	@touch $(VENV)/.installed $@

setup: $(VENV)/.installed-dev  ## set up .venv with everything, and no more

demo: $(VENV)/.installed  ## set up and run the main job: a simulated study of 182 children, to a report
	@$(VENV)/bin/emostats demo

test: $(VENV)/.installed-dev  ## set up and run the tests (no browser needed)
	@$(ONE_THREAD) $(PY) -m pytest -n $(JOBS) --dist loadgroup -m 'not browser and not benchmark_suite' $(PYTEST_ARGS)

coverage: $(VENV)/.installed-dev  ## run the tests and say which lines they reach (takes twice as long)
	@$(ONE_THREAD) $(PY) -m pytest -n $(JOBS) --dist loadgroup -m 'not browser and not benchmark_suite' --cov --cov-report=term:skip-covered $(PYTEST_ARGS)

test-browser: $(VENV)/.installed-dev  ## run the tests that open the report in Chromium
	@$(PY) -m pytest tests/browser -m browser $(PYTEST_ARGS)

lint: $(VENV)/.installed-dev  ## style, types and the import floors
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports

docs: $(VENV)/.installed-dev  ## build the documentation into site/, warnings are errors
	@NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict
	@echo 'The documentation is in site/index.html'

bench: $(VENV)/.installed-dev  ## measure speed (one thread, medians); takes minutes
	@set -e; for script in tests/benchmarks/*benchmark*.py; do \
	  echo "== $$script"; $(ONE_THREAD) $(PY) "$$script"; done

clean:  ## remove the environment, caches and build products; runs/ stays
	rm -rf .venv site dist build htmlcov .coverage coverage.xml .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
