# make demo   animate the example picture with the example clip, into demo/
# make test   run the tests
# make lint   style and types
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt
SOURCE := $(firstword $(wildcard examples/source.png examples/source.jpg))
VIDEO := demo/source--driving.mp4

.PHONY: demo test lint clean

demo: .venv/.installed
	@mkdir -p demo
	$(BIN)/gfla animate $(SOURCE) examples/driving.mp4 --output $(VIDEO) --overwrite

test: .venv/.installed-dev
	$(BIN)/python -m pytest

lint: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

clean:
	rm -rf .venv demo build dist *.egg-info .pytest_cache .ruff_cache

.venv/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(INSTALL) --editable .
	@touch $@

.venv/.installed-dev: .venv/.installed
	$(INSTALL) --editable '.[dev]'
	@touch $@
