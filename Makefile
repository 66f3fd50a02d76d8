# `make run` and `make test` set up all they need; the rest is for developers.
.PHONY: run test test-slow test-reference lint setup setup-reference shots clean
PYTHON := .venv/bin/python
REFERENCE_PYTHON := .venv-reference/bin/python

run: setup
	packaging/run.sh

test: lint
	$(PYTHON) -m pytest --ignore tests/reference
ifeq ($(shell command -v python3.11 2>/dev/null),)
	@echo "The tests of the reference extractor are left out: its environment needs python3.11, which is not here." >&2
else
	@packaging/setup-reference.sh --without-detectron2
	TELLTALE_REFERENCE=light $(REFERENCE_PYTHON) -m pytest tests/reference
endif

test-slow: setup
	$(PYTHON) -m pytest -m slow

# The reference extractor with detectron2, its slow comparisons too, and all other tests on the older numpy and OpenCV that it needs.
test-reference: setup-reference
	TELLTALE_REFERENCE=full $(REFERENCE_PYTHON) -m pytest -m "slow or not slow" tests/reference tests/core/extraction/reference
	$(REFERENCE_PYTHON) -m pytest --ignore tests/reference --ignore tests/core/extraction/reference

lint: setup
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

setup:
	@packaging/setup.sh

# The environment of the reference extractor. DETECTRON2=FOLDER takes detectron2 from a checkout instead of its repository.
setup-reference:
	@packaging/setup-reference.sh

# The pictures of the README.
shots: setup
	$(PYTHON) -m tools.shots

clean:
	rm -rf .venv .venv-reference out build dist .mypy_cache .ruff_cache .pytest_cache
