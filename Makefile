# Everything runs in .venv, which the first command makes. `make help` lists the commands.

PYTHON ?= python3
UV_VERSION = 0.13.8
BIN = .venv/bin
READY = .venv/.ready

.PHONY: help demo test check bench run words env lock clean setup
.DEFAULT_GOAL := help

help: ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10
	@echo
	@echo 'ARGS="…" goes to the program behind demo, test and bench: make demo ARGS=--help.'
	@echo 'JOBS=… is how many processes share the tests (2). PYTHON=… is what .venv is made with.'

demo: $(READY) ## try the bot without a Discord token, in a browser
	@$(BIN)/python -m playground.demo $(ARGS)

run: $(READY) ## run the bot with the settings of the environment or .env
	@$(BIN)/python -m bot

test: $(READY) ## the tests, without root and without a browser
	@$(BIN)/python -m pytest -q -m "not browser" -n $${JOBS:-2} --dist loadfile $(ARGS)

check: $(READY) ## style, types, layers, pins, and the page in Chromium
	@$(BIN)/python -m tests.checks

bench: $(READY) ## the long measurements; results go to bench/results
	@$(BIN)/python -m bench.streaming $(ARGS)

words: $(READY) ## bring the catalogues up to date with the code
	@$(BIN)/python -m bot.words extract

env: $(READY) ## write .env.example from the settings
	@$(BIN)/python -m bot.config > .env.example

lock: $(READY) ## resolve requirements/*.txt anew from pyproject.toml
	@$(BIN)/python -m tests.checks.pins --write

clean: ## remove what the commands made
	@rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find bench/results -type f ! -name summary.md ! -name freshness.svg -delete 2>/dev/null || true

setup: $(READY) ## make .venv and do nothing else

$(READY): requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Causerie needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Name another: make PYTHON=python3.12"; exit 1; }
	@echo "Setting up .venv; once, some 560 MB."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) 2>/dev/null || true
	@if $(BIN)/uv --version >/dev/null 2>&1; then \
		$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt; \
	else \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt; \
	fi
	@touch $(READY)
