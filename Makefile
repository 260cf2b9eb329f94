# Set up, try, prove. Everything is installed into .venv/ and nowhere else.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: help setup demo test lint clean

help:
	@echo "make setup   virtual environment in .venv/"
	@echo "make demo    set up, train on synthetic actions, draw what the network looks at"
	@echo "make test    set up, run every test"
	@echo "make lint    set up, check the style"
	@echo "make clean   remove what the demo and the tests leave"

setup: $(VENV)/ready

$(VENV)/ready: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

demo: setup
	rm -rf demo-run
	$(RUN) -m gca_scratch demo --out demo-run

test: setup
	OPENBLAS_NUM_THREADS=1 $(RUN) -m pytest --numprocesses 2

lint: setup
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

clean:
	rm -rf demo-run build dist .pytest_cache .ruff_cache .hypothesis
