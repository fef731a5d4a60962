# make demo       animate the example picture with the example clip, into demo/
# make test       run the tests, without those marked slow
# make test-all   run all tests
# make lint       style and types
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt
SOURCE := $(firstword $(wildcard examples/source.png examples/source.jpg))
VIDEO := demo/source--driving.mp4
# A process per core, a thread each: faster than many threads in one process.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist worksteal

.PHONY: demo test test-all lint clean

# The networks of MediaPipe find people better than the bundled one; without them, the demo goes on with that.
demo: .venv/.installed
	@mkdir -p demo
	-@$(BIN)/gfla weights fetch mediapipe >/dev/null || echo "gfla: the demo goes on with the bundled keypoint network" >&2
	$(BIN)/gfla animate $(SOURCE) examples/driving.mp4 --output $(VIDEO) --overwrite

test: .venv/.installed-dev
	$(PYTEST) -m "not slow"

test-all: .venv/.installed-dev
	$(PYTEST)

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
