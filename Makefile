# make demo       gfla demo: animate the example picture with the example clip, into demo/
# make test       run the tests, without those marked slow
# make newest     install without constraints, as the README says, and run its commands
# make test-all   run all tests
# make lint       style and types, and the Dockerfile
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt
# A process per core, a thread each: faster than many threads in one process.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist worksteal

.PHONY: demo test newest test-all lint clean

# The networks of MediaPipe find people better than the bundled one; without them, the demo goes on with that.
demo: .venv/.installed
	-@$(BIN)/gfla weights fetch mediapipe >/dev/null || echo "gfla: the demo goes on with the bundled keypoint network" >&2
	$(BIN)/gfla demo demo --overwrite

test: .venv/.installed-dev
	$(PYTEST) -m "not slow"

# Its own environment: .venv has the versions of constraints.txt.
newest:
	$(PYTHON) -m venv --clear .venv-newest
	.venv-newest/bin/python -m pip install --disable-pip-version-check . pytest pytest-timeout
	.venv-newest/bin/gfla doctor
	.venv-newest/bin/gfla demo .venv-newest/demo --keypoints bundled
	OMP_NUM_THREADS=1 .venv-newest/bin/python -m pytest -p no:cacheprovider tests/test_readme.py

test-all: .venv/.installed-dev
	$(PYTEST)

lint: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/hadolint --failure-threshold warning Dockerfile

clean:
	rm -rf .venv .venv-newest demo build dist *.egg-info .pytest_cache .ruff_cache

.venv/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(INSTALL) --editable .
	$(BIN)/python -m pipelines.compositing.pymatting_functions
	@touch $@

.venv/.installed-dev: .venv/.installed
	$(INSTALL) --editable '.[dev]'
	@touch $@
