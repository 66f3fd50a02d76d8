# `make run` and `make test` set up all they need; the rest is for developers.
.PHONY: run test test-slow lint setup shots bench manifold body sample clean
PYTHON := .venv/bin/python

run: setup
	packaging/run.sh

test: lint
	$(PYTHON) -m pytest

test-slow: setup
	$(PYTHON) -m pytest -m slow

lint: setup
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

setup:
	@packaging/setup.sh

# The pictures of the README.
shots: setup
	$(PYTHON) -m tools.shots

clean:
	rm -rf .venv out build dist .mypy_cache .ruff_cache .pytest_cache
