# Set up, try, prove. Everything is installed into .venv/ and nowhere else.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: help setup demo test lint tutorials notebooks test-tutorials test-browser docs release-check mutants clean
TEXTS := $(wildcard tutorials/[0-9][0-9]_*.py)
EXECUTED := $(TEXTS:tutorials/%.py=docs/tutorials/%.ipynb)

help:
	@echo "make setup   virtual environment in .venv/"
	@echo "make demo    set up, train on synthetic actions, draw what the network looks at"
	@echo "make test    set up, run every test"
	@echo "make lint    set up, check the style"
	@echo "make tutorials        set up, open the notebooks in JupyterLab"
	@echo "make test-tutorials   set up, run every notebook from top to bottom"
	@echo "make test-browser     set up, drive the stepper's page in Chromium (apt install chromium), with its times"
	@echo "make notebooks        write the notebooks from their texts, tutorials/*.py"
	@echo "make docs             set up, run the notebooks, build the documentation: docs/_build/index.html"
	@echo "make release-check    set up, prove that the assignments' student versions work and give nothing away"
	@echo "make mutants          set up, run the tests against every planted bug"
	@echo "make clean   remove what all of these leave, but not .venv/"

setup: $(VENV)/ready

$(VENV)/ready: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/ready-for-notebooks: $(VENV)/ready
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable ".[notebooks]"
	@touch $@

$(VENV)/ready-for-docs: $(VENV)/ready-for-notebooks
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable ".[docs]"
	@touch $@

$(VENV)/ready-for-tutorials: $(VENV)/ready-for-notebooks
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable ".[tutorials]"
	@touch $@

demo: setup
	rm -rf demo-run
	$(RUN) -m gca_scratch demo --out demo-run

test: setup
	OPENBLAS_NUM_THREADS=1 $(RUN) -m pytest --numprocesses 2

lint: setup
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

tutorials: $(VENV)/ready-for-tutorials
	$(RUN) -m jupyterlab tutorials

notebooks: $(VENV)/ready-for-notebooks
	$(RUN) tutorials/notebooks.py

# Two at a time, each into docs/tutorials/, with its outputs, for the documentation; none is run again unless something changed.
# Without the real recordings, which may not be passed on, not even as drawings.
test-tutorials: $(VENV)/ready-for-notebooks
	$(RUN) tutorials/notebooks.py --check
	env -u GCA_SCRATCH_DATA OPENBLAS_NUM_THREADS=1 MPLBACKEND=agg $(MAKE) --no-print-directory --jobs 2 $(EXECUTED)

docs/tutorials/%.ipynb: tutorials/%.py $(wildcard gca_scratch/*.py gca_scratch/*/*.py)
	@mkdir -p $(@D)
	@$(RUN) tutorials/notebooks.py --run $< $@

test-browser: setup
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable ".[browser]"
	$(RUN) -m pytest tests/test_stepper_browser.py -rPs

docs: $(VENV)/ready-for-docs test-tutorials
	$(RUN) -m gca_scratch stepper --out docs/_static/stepper.html
	rm -rf docs/api docs/_build docs/jupyter_execute
	$(RUN) -m sphinx --quiet --fail-on-warning --keep-going docs docs/_build
	@echo "docs/_build/index.html"

release-check: setup
	OPENBLAS_NUM_THREADS=1 $(RUN) -m course release-check

mutants: setup
	OPENBLAS_NUM_THREADS=1 $(RUN) -m course mutants

clean:
	rm -rf docs/_build docs/api docs/jupyter_execute docs/tutorials docs/_static/stepper.html demo-run build dist .pytest_cache .ruff_cache .hypothesis
