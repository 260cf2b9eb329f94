# What those who change the project call, beside the Makefile, which includes this file: make help-maintain
.PHONY: test-long test-stress test-browser test-tutorials lint notebooks docs lite release-check mutants findings dist lock audit
TEXTS := $(wildcard tutorials/[0-9][0-9]_*.py)
EXECUTED := $(TEXTS:tutorials/%.py=docs/tutorials/%.ipynb)

help-maintain:
	@echo "make lint            check the style"
	@echo "make test-long       run the long form of what make test proves in short"
	@echo "make test-stress     kill, fuzz and overload it for hours: docs/trust.md"
	@echo "make test-tutorials  run every notebook from top to bottom"
	@echo "make test-browser    drive the stepper and the built site in Chromium (apt install chromium), with times and widths"
	@echo "make notebooks       write the notebooks from their texts, tutorials/*.py"
	@echo "make docs            run the notebooks, build the documentation: docs/_build/index.html"
	@echo "make lite            build the tutorials for a browser alone, JupyterLite: .lite/build/site"
	@echo "make release-check   prove that the assignments' student versions work and give nothing away"
	@echo "make mutants         run the tests against every planted bug"
	@echo "make findings        run what surprised us in other people's software: findings/ (needs the network)"
	@echo "make dist            build wheel and source distribution: dist/"
	@echo "make lock            work out locks/ anew, from which every command installs; versions stay where they may"
	@echo "make lock NEWEST=1   the same, with the newest versions that the ranges allow"
	@echo "make audit           ask for known vulnerabilities of what the locks name (needs the network)"

lint: setup
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

# What is only more of the same: further sizes, further seeds, whole command lines. CI runs it.
test-long: setup
	OPENBLAS_NUM_THREADS=1 $(RUN) -m pytest --numprocesses 2 -m "long or hypothesis" --hypothesis-profile thorough

# What takes hours: crashes, numbers, a class, the package (which needs the network), fuzzing, the tutorials in four ways
# to round and figures in nine, a data set of NTU's size.
test-stress: $(VENV)/ready-for-stress $(VENV)/ready-for-tutorials
	OPENBLAS_NUM_THREADS=1 $(RUN) -m pytest stress
	OPENBLAS_NUM_THREADS=1 $(RUN) -m pytest -n 2 -m hypothesis --hypothesis-profile searching
	$(RUN) stress/two_kernels.py || test $$? -eq 2  # 2: this processor has no two kernels to compare
	$(RUN) stress/drift.py
	$(RUN) stress/fuzz.py all
	$(RUN) stress/large.py

test-browser: $(VENV)/ready-for-browser
	$(RUN) -m pytest tests/stepper/test_browser.py tests/test_site.py -rPs

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

docs: $(VENV)/ready-for-docs test-tutorials docs/_static/download
	$(RUN) -m gca_scratch stepper --out docs/_static/stepper.html
	cp $(TEXTS:.py=.ipynb) $(wildcard tutorials/*.npz) docs/_static/download
	rm -rf docs/api docs/_build docs/jupyter_execute
	$(RUN) -m sphinx --quiet --fail-on-warning --keep-going docs docs/_build
	@echo "docs/_build/index.html"

# The wheel and the source distribution, for whoever reads the site.
docs/_static/download: pyproject.toml $(wildcard gca_scratch/*.py gca_scratch/*/*.py gca_scratch/*/*/*.py)
	rm -rf build $@
	$(RUN) -c "from setuptools import build_meta as b; b.build_sdist('$@'); b.build_wheel('$@')" > /dev/null
	rm -rf build

# The tutorials as a site that needs no installation: Python runs in the browser. JupyterLite has an environment of its own.
LITE := .lite
lite: docs/_static/download $(LITE)/ready
	rm -rf $(LITE)/build
	$(LITE)/venv/bin/python docs/lite.py docs/_static/download/*.whl $(LITE)/build

$(LITE)/ready: locks/lite.txt
	$(PYTHON) -m venv $(LITE)/venv
	$(LITE)/venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
		--requirement $<
	@touch $@

release-check: setup
	OPENBLAS_NUM_THREADS=1 $(RUN) -m course release-check

mutants: setup
	OPENBLAS_NUM_THREADS=1 $(RUN) -m course mutants

# Each in a folder of its own, in which it installs what it needs. What failed is shown; the others run all the same.
findings:
	@failed=0; for script in findings/*.sh; do \
		if said=$$(bash $$script 2>&1); then echo "as it was: $$script"; \
		else failed=1; echo "$$said"; echo "NOT as it was: $$script"; fi; \
	done; exit $$failed

# Wheel and source distribution in dist/. The source comes first, and the wheel is built from it.
dist: $(VENV)/ready-for-stress
	rm -rf build dist
	$(RUN) -m build --no-isolation

# What the ranges allow, for Python 3.11 and later on every platform, each version with the hashes of its files.
COMPILE := $(VENV)/bin/uv pip compile --quiet $(if $(NEWEST),--upgrade) --universal --python-version 3.11 \
	--generate-hashes --custom-compile-command "make lock"
lock: $(VENV)/ready-for-stress
	$(COMPILE) pyproject.toml --extra dev --group installer --output-file locks/dev.txt
	$(COMPILE) pyproject.toml --extra tutorials --constraint locks/dev.txt --output-file locks/tutorials.txt
	$(COMPILE) pyproject.toml --extra docs --constraint locks/tutorials.txt --output-file locks/docs.txt
	$(COMPILE) pyproject.toml --extra browser --constraint locks/docs.txt --output-file locks/browser.txt
	$(COMPILE) pyproject.toml --extra stress --constraint locks/docs.txt --output-file locks/stress.txt
	$(COMPILE) pyproject.toml --extra lite --constraint locks/docs.txt --constraint locks/stress.txt --output-file locks/lite.txt

# Strict: a package that the service does not know is a failure, not a success.
audit: $(VENV)/ready-for-stress
	$(RUN) -m pip_audit --strict --require-hashes --disable-pip $(patsubst %,--requirement %,$(wildcard locks/*.txt))
