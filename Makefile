# Every target brings what it needs; "make help" lists them. Settings are real environment variables
# (see README) and pass through; ARGS="..." goes to the program a target runs.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
export UV_PYTHON_DOWNLOADS := never
# pyright ships its JavaScript in the wheel and runs it on the system's Node.js: nothing is fetched.
export PYRIGHT_PYTHON_GLOBAL_NODE := 1
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

BIN := .venv/bin
PYTHON_PATHS := src tests $(wildcard benchmarks) scripts/agent-image scripts/generate
SHELL_SCRIPTS := scripts/base-image scripts/dev scripts/engine scripts/need scripts/test scripts/uv .ci/run
HAS_DASHBOARD := $(wildcard dashboard/package.json)
NODE_WANTED := Node.js 20.19 or newer is needed for the dashboard and for pyright

.PHONY: help up dev test test-faults test-load bench check check-format check-lint check-types \
	check-imports check-scripts check-generated check-dashboard generate lock format sync \
	dashboard image engine clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: sync dashboard ## install, build what is missing, start the manager on port 4000
	@if [[ $${RUNTIME:-docker} == docker ]] && scripts/engine status >/dev/null 2>&1; then \
		scripts/agent-image >/dev/null; \
	fi
	@exec $(BIN)/autosclaw up $(ARGS)

dev: sync $(if $(HAS_DASHBOARD),dashboard/node_modules/.installed) ## the manager beside the dashboard's development server
	@scripts/dev $(ARGS)

test: sync dashboard-if-possible ## every test but the slow suites; starts an engine when none answers
	@scripts/test $(ARGS)

test-faults: sync image ## kill things, all of it (minutes)
	@$(BIN)/pytest tests/faults $(ARGS)

bench: sync image ## measure, and compare with the targets (minutes)
	@if [[ ! -f benchmarks/__main__.py ]]; then echo "there are no benchmarks in this checkout" >&2; exit 1; fi
	@$(BIN)/python -m benchmarks $(ARGS)

test-load: bench

check: check-format check-lint check-types check-imports check-scripts check-generated check-dashboard ## everything CI checks without running it

check-format: sync
	@$(BIN)/ruff format --check $(PYTHON_PATHS)
check-lint: sync
	@$(BIN)/ruff check $(PYTHON_PATHS)
check-types: sync
	@command -v node >/dev/null || { echo "$(NODE_WANTED)" >&2; exit 1; }
	@$(BIN)/pyright src scripts/agent-image scripts/generate
check-imports: sync
	@$(BIN)/lint-imports --config .importlinter | tail -n +10
check-scripts:
	@if scripts/need shellcheck shellcheck; then shellcheck $(SHELL_SCRIPTS); \
	else echo "NOT CHECKED: shell scripts"; fi
check-generated: sync $(if $(HAS_DASHBOARD),dashboard/node_modules/.installed)
	@"$$(scripts/uv)" lock --check --quiet || { echo 'uv.lock is stale: run "make lock"' >&2; exit 1; }
	@$(BIN)/python scripts/generate --check
check-dashboard: $(if $(HAS_DASHBOARD),dashboard/node_modules/.installed)
	@if [[ -n "$(HAS_DASHBOARD)" ]]; then cd dashboard && npm run --silent --if-present lint && npm run --silent --if-present typecheck; fi

generate: sync $(if $(HAS_DASHBOARD),dashboard/node_modules/.installed) ## write the generated files that are committed
	@$(BIN)/python scripts/generate

lock: ## bring uv.lock and what follows from it up to pyproject.toml
	@"$$(scripts/uv)" lock
	@$(MAKE) generate

format: sync ## format the Python files, mend what can be mended
	@$(BIN)/ruff check --fix --exit-zero --quiet $(PYTHON_PATHS)
	@$(BIN)/ruff format $(PYTHON_PATHS)

sync: .venv/.synced ## install the Python packages of uv.lock into .venv
	@:
.venv/.synced: pyproject.toml uv.lock
	@"$$(scripts/uv)" sync --frozen --all-extras --quiet
	@touch $@

dashboard: $(if $(HAS_DASHBOARD),dashboard/dist/index.html) ## build the page when its sources changed
	@:

# Tests of the manager go on without a page; only what needs the page is left out.
.PHONY: dashboard-if-possible
dashboard-if-possible:
	@if command -v npm >/dev/null; then $(MAKE) dashboard; else echo "$(NODE_WANTED)"; fi

ifneq ($(HAS_DASHBOARD),)
DASHBOARD_SOURCES := $(shell find dashboard -type f -not -path '*/node_modules/*' -not -path '*/dist/*' \
	-not -path '*/dev-dist/*' -not -path '*/test-results/*' -not -name '*.tsbuildinfo')
dashboard/node_modules/.installed: dashboard/package.json dashboard/package-lock.json
	@command -v npm >/dev/null || { echo "$(NODE_WANTED)" >&2; exit 1; }
	@cd dashboard && npm ci --no-audit --no-fund --loglevel=error
	@touch $@
dashboard/dist/index.html: dashboard/node_modules/.installed $(DASHBOARD_SOURCES)
	@echo "building the dashboard"
	@cd dashboard && npm run --silent build
	@touch $@
endif

image: ## build the agent image when what goes into it changed
	@scripts/agent-image $(ARGS)

engine: ## start a Docker engine when none answers (root, Debian-like systems)
	@scripts/engine

clean: ## remove what make made in this checkout (not: data, images, the engine)
	rm -rf .build .venv dashboard/dist dashboard/dev-dist dashboard/node_modules \
		.pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests -type d -name __pycache__ -prune -exec rm -rf {} +
