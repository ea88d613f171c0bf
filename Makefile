PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip -q --disable-pip-version-check

.DEFAULT_GOAL := help

.PHONY: help
help:  ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "event-tracer needs Python 3.11 or newer; say which one: make PYTHON=python3.11")'
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/runtime: $(VENV)/created requirements.lock pyproject.toml
	@echo "installing event-tracer into $(VENV) ..."
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/dev: $(VENV)/runtime requirements-dev.lock
	@echo "installing the development tools ..."
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

.PHONY: demo
demo: $(VENV)/runtime  ## draw the sample that ships in the package
	@$(BIN)/event-tracer replay

# Workers, and processes that tests start, share what one of them compiled.
.PHONY: test
test: $(VENV)/dev  ## run the tests
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -q -rs -n 4 --dist worksteal --ignore=tests/browser

.PHONY: browser
browser: $(VENV)/dev  ## run the tests of the page in a browser (needs Chromium)
	$(BIN)/python -m pytest -q -rs -n 2 tests/browser

.PHONY: e2e
e2e: $(VENV)/dev  ## run the stories on a real Kubernetes and a real Jaeger (Go and root, or KUBECONFIG and JAEGER_URL)
	@$(BIN)/python -m tests.e2e.programs
	E2E=1 $(BIN)/python -m pytest -q -rs tests/e2e

.PHONY: lint
lint: $(VENV)/dev  ## ruff, mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# mypyc writes beside what it compiles: in a copy, as a compiled module hides its source.
build/compiled: $(VENV)/dev $(shell find event_tracer -name '*.py')
	@echo "compiling the core as the image has it ..."
	@rm -rf build && mkdir -p build/source
	@cp -r event_tracer pyproject.toml README.md LICENSE build/source
	@HATCH_BUILD_HOOK_ENABLE_MYPYC=1 $(PIP) wheel --no-deps --no-build-isolation -w build build/source
	@$(PIP) install --no-deps --target $@ build/*.whl

# pyproject.toml has the source on the path of tests; here what was compiled stands before it.
.PHONY: compiled
compiled: build/compiled  ## run the tests of the core as the image has it, compiled
	$(BIN)/python -m pytest -q -rs -n 4 --dist worksteal -o "pythonpath=build/compiled ." tests/core tests/pipeline/test_checkpoint.py

.PHONY: bench
bench: build/compiled  ## measure what it costs
	PYTHONSAFEPATH=1 PYTHONPATH=build/compiled:. $(BIN)/python -m bench

.PHONY: picture
picture: $(VENV)/dev  ## draw docs/demo.svg anew
	$(BIN)/python docs/picture.py

.PHONY: page
page: $(VENV)/dev  ## draw docs/page.png anew (needs Chromium)
	PYTHONPATH=. $(BIN)/python docs/page.py

.PHONY: lock
lock:  ## pin the dependencies anew (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate --group build pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate -c requirements.lock --group dev pyproject.toml -o requirements-dev.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate -c requirements-dev.lock --group compile pyproject.toml -o requirements-compile.lock
