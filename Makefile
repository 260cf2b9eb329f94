# Set up, try, prove. Everything is installed into .venv/ and nowhere else.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: help setup demo test test-stress lint tutorials notebooks test-tutorials test-browser docs release-check mutants dist lock audit clean
TEXTS := $(wildcard tutorials/[0-9][0-9]_*.py)
EXECUTED := $(TEXTS:tutorials/%.py=docs/tutorials/%.ipynb)

help:
	@echo "make setup   virtual environment in .venv/"
	@echo "make demo    set up, train on synthetic actions, draw what the network looks at"
	@echo "make test    set up, run every test"
	@echo "make test-stress       set up, kill, fuzz and overload it for hours: docs/trust.md"
	@echo "make lint    set up, check the style"
	@echo "make tutorials        set up, open the notebooks in JupyterLab"
	@echo "make test-tutorials   set up, run every notebook from top to bottom"
	@echo "make test-browser     set up, drive the stepper's page in Chromium (apt install chromium), with its times"
	@echo "make notebooks        write the notebooks from their texts, tutorials/*.py"
	@echo "make docs             set up, run the notebooks, build the documentation: docs/_build/index.html"
	@echo "make release-check    set up, prove that the assignments' student versions work and give nothing away"
	@echo "make mutants          set up, run the tests against every planted bug"
	@echo "make dist             set up, build wheel and source distribution: dist/"
	@echo "make lock             set up, choose the newest versions anew: locks/, which every other command installs from"
	@echo "make audit            set up, ask for known vulnerabilities of what the locks name (needs the network)"
	@echo "make clean   remove what all of these leave, but not .venv/"

setup: $(VENV)/ready

# From the locks, by hash, and wheels alone, for what builds a source would come without one. The ranges of pyproject.toml
# and requirements.txt are for everybody else.
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
	OPENBLAS_NUM_THREADS=1 $(RUN) -m pytest --numprocesses 2

# What takes hours: crashes, numbers, a class, the package (which needs the network), fuzzing, a data set of NTU's size.
test-stress: $(VENV)/ready-for-stress
	OPENBLAS_NUM_THREADS=1 $(RUN) -m pytest stress
	OPENBLAS_NUM_THREADS=1 $(RUN) -m pytest -n 2 -m hypothesis --hypothesis-profile searching
	$(RUN) stress/fuzz.py all
	$(RUN) stress/large.py

lint: setup
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

tutorials: $(VENV)/ready-for-tutorials
	$(RUN) -m jupyterlab tutorials

notebooks: $(VENV)/ready-for-tutorials
	$(RUN) tutorials/notebooks.py

# Two at a time, each into docs/tutorials/, with its outputs, for the documentation; none is run again unless something changed.
# Without the real recordings, which may not be passed on, not even as drawings.
test-tutorials: $(VENV)/ready-for-tutorials
	$(RUN) tutorials/notebooks.py --check
	env -u GCA_SCRATCH_DATA OPENBLAS_NUM_THREADS=1 MPLBACKEND=agg $(MAKE) --no-print-directory --jobs 2 $(EXECUTED)

docs/tutorials/%.ipynb: tutorials/%.py $(wildcard gca_scratch/*.py gca_scratch/*/*.py gca_scratch/*/*/*.py)
	@mkdir -p $(@D)
	@$(RUN) tutorials/notebooks.py --run $< $@

test-browser: $(VENV)/ready-for-browser
	$(RUN) -m pytest tests/stepper/test_browser.py -rPs

docs: $(VENV)/ready-for-docs test-tutorials
	$(RUN) -m gca_scratch stepper --out docs/_static/stepper.html
	rm -rf docs/api docs/_build docs/jupyter_execute
	$(RUN) -m sphinx --quiet --fail-on-warning --keep-going docs docs/_build
	@echo "docs/_build/index.html"

release-check: setup
	OPENBLAS_NUM_THREADS=1 $(RUN) -m course release-check

mutants: setup
	OPENBLAS_NUM_THREADS=1 $(RUN) -m course mutants

# Wheel and source distribution in dist/. The source comes first, and the wheel is built from it.
dist: $(VENV)/ready-for-stress
	rm -rf build dist
	$(RUN) -m build --no-isolation

# The newest versions that the ranges allow, for Python 3.11 and later on every platform, each with the hashes of its files.
COMPILE := $(VENV)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock"
lock: $(VENV)/ready-for-stress
	$(COMPILE) requirements.txt --group installer --output-file locks/dev.txt
	$(COMPILE) pyproject.toml --extra tutorials --constraint locks/dev.txt --output-file locks/tutorials.txt
	$(COMPILE) pyproject.toml --extra docs --constraint locks/tutorials.txt --output-file locks/docs.txt
	$(COMPILE) pyproject.toml --extra browser --constraint locks/docs.txt --output-file locks/browser.txt
	$(COMPILE) pyproject.toml --extra stress --constraint locks/docs.txt --output-file locks/stress.txt

# Strict: a package that the service does not know is a failure, not a success.
audit: $(VENV)/ready-for-stress
	$(RUN) -m pip_audit --strict --require-hashes --disable-pip $(patsubst %,--requirement %,$(wildcard locks/*.txt))

clean:
	rm -rf docs/_build docs/api docs/jupyter_execute docs/tutorials docs/_static/stepper.html demo-run fuzz-findings build dist .pytest_cache .ruff_cache .hypothesis
