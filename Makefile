# `make help` lists what can be asked for. Everything that is installed goes to .venv.

PYTHON ?= python3
FUZZ_SECONDS ?= 60

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
UV ?= $(BIN)/uv
INTEROP := tests/interop

# Many processes are started here, and each would compile the same sources anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup run ui ui-dev ui-check test test-long soak check bench generate fuzz format docs lock sbom audit clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Create .venv with everything that the other targets need

# The lock holds every package with its hashes; the project itself is then linked in, so an edit
# under src/ counts at once.
$(READY): requirements/dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.lock
	@if $(BIN)/python hatch_build.py needs-node; then \
		$(BIN)/python -m pip install --quiet --require-hashes -r requirements/node.lock; fi
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

ui: $(READY) ## Build the console, if its sources have changed
	@$(BIN)/python hatch_build.py

# CHARGEPLANE_URL is the server behind it, http://127.0.0.1:8080 if it is not set.
ui-dev: $(READY) ## Serve the console with hot reload, against a running server
	@$(BIN)/python hatch_build.py run dev

ui-check: ui ## Types, lint, words and sizes of the console
	$(BIN)/python hatch_build.py run check

# Other people's Node implementations, for tests/interop. Without npm those tests say why they skip.
ifneq ($(and $(wildcard $(INTEROP)/package.json),$(shell command -v npm)),)
NODE_READY := $(INTEROP)/node_modules/.ready
$(NODE_READY): $(wildcard $(INTEROP)/package.json $(INTEROP)/package-lock.json $(INTEROP)/.npmrc)
	cd $(INTEROP) && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@
endif

# RUN holds further options, such as --port 8081.
run: ui ## Start the demonstration: the central system, and virtual stations that charge
	@exec $(BIN)/chargeplane demo $(RUN)

# Three workers on two cores: some tests wait for time to pass.
test: ui ## Run the test suite, but for what takes long
	$(BIN)/pytest -n 3 -m "not long"

test-long: ui $(NODE_READY) ## Run the tests with a browser, foreign programs, faults and attacks
	@$(BIN)/python hatch_build.py install
	$(BIN)/pytest -n 2 -m long -o asyncio_debug=true

# A browser drives the console, servers are killed and attacked, and the tests that live from the
# number of their cases take all of them.
soak: ui $(NODE_READY) ## Run the tests that take long; with `make test` that is all of them
	@$(BIN)/python hatch_build.py install
	CHARGEPLANE_SOAK=1 $(BIN)/pytest -n 2 -m "soak or long" -o asyncio_debug=true

check: $(READY) ## Lint, formatting, types, generated code and architecture
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy $(wildcard src tools tests bench docs/hooks.py)
	$(BIN)/python -m tools.generate_types --check
	$(BIN)/python -m tools.openapi --check
	$(BIN)/python -m tools.sbom --check
	$(BIN)/python -m tools.find_secrets
	$(BIN)/python -m tools.audit_dependencies
	$(if $(wildcard ui/node_modules),$(MAKE) --no-print-directory ui-check)
	$(BIN)/pytest --quiet tests/architecture

sbom: $(READY) ## Write the bill of materials, dist/sbom.cdx.json (CycloneDX)
	$(BIN)/python -m tools.sbom

# `make check` does the same, and goes on if nobody answers.
audit: $(READY) ## Ask for published vulnerabilities of the packages in the lock
	$(BIN)/python -m tools.audit_dependencies --strict

bench: $(READY) ## Run the benchmarks, each against its peers
	$(BIN)/python -m bench

generate: $(READY) ## Write the typed messages of every OCPP version and ui/openapi.json again
	$(BIN)/python -m tools.generate_types
	$(BIN)/python -m tools.openapi

fuzz: $(READY) ## Fuzz the parsers for FUZZ_SECONDS (60)
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS)

format: $(READY) ## Format the code and mend what the linter can mend
	$(BIN)/ruff check --fix --exit-zero --quiet
	$(BIN)/ruff format

docs: $(READY) ## Build the documentation site in site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

# No address of an index gets into the lock, so it installs from whatever index pip is set to.
lock: $(READY) ## Write requirements/dev.lock again (UPGRADE=1 takes newer versions)
	$(UV) pip compile --quiet --universal --python-version 3.11 \
		$(if $(UPGRADE),--upgrade) --generate-hashes --no-emit-index-url --custom-compile-command "make lock" \
		--group dev --group docs --all-extras --output-file requirements/dev.lock pyproject.toml
	$(UV) pip compile --quiet --universal --python-version 3.11 \
		$(if $(UPGRADE),--upgrade) --generate-hashes --no-emit-index-url --custom-compile-command "make lock" \
		--output-file requirements/node.lock requirements/node.in

clean: ## Remove everything that the other targets made
	rm -rf $(VENV) $(INTEROP)/node_modules ui/node_modules ui/src/generated site dist .coverage
	rm -rf src/chargeplane/web/static .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src tests tools bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
