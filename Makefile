# What a student calls. Everything is installed into .venv/ and nowhere else. What maintainers call: maintain.mk.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: help setup demo test gradcheck tutorials clean
.DEFAULT_GOAL := help

help:
	@echo "make demo       train on synthetic actions, draw what the network looks at: demo-run/ (4 minutes)"
	@echo "make test       prove every gradient and test the rest"
	@echo "make tutorials  open the ten notebooks in JupyterLab"
	@echo "make gradcheck  prove every gradient, one line for each parameter"
	@echo "make setup      only prepare .venv/, which every command here does first"
	@echo "make clean      remove what all of these leave, but not .venv/"
	@echo
	@echo "make help-maintain  shows the commands of those who change the project"

setup: $(VENV)/ready

# From the locks, by hash, and wheels alone: what has to be built from source would come without a hash. The ranges of
# pyproject.toml are for everybody else.
LOCKED := $(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: --requirement

$(VENV)/ready: locks/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(LOCKED) locks/dev.txt
	PYTHONWARNINGS="ignore:Editable installation" \
		$(RUN) -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/ready-for-%: locks/%.txt $(VENV)/ready
	$(LOCKED) $<
	@touch $@

demo: setup
	rm -rf demo-run
	$(RUN) -m gca_scratch demo --out demo-run

test: setup
	OPENBLAS_NUM_THREADS=1 $(RUN) -m pytest --numprocesses 2 --dist loadfile

gradcheck: setup
	$(RUN) -m gca_scratch gradcheck

tutorials: $(VENV)/ready-for-tutorials
	$(RUN) -m jupyterlab tutorials

clean:
	rm -rf docs/_build docs/api docs/jupyter_execute docs/tutorials docs/_static/stepper.html docs/_static/dark docs/_static/download .lite demo-run fuzz-findings \
		build dist .pytest_cache .ruff_cache .hypothesis

include maintain.mk
