# Everything one needs in a clone: `make run` to play, `make test` and `make check` before a change.

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
EVENNIA := $(VENV)/evennia
UV := $(shell command -v uv || command -v $(BIN)/uv)

# Tests of whole systems wait more than they work: three at a time keep two cores busy. A file's
# tests stay together, because they share what they start.
WORKERS := -n 3 --dist loadfile

# Debian packages with programs that the tests drive and nobody here wrote.
TEST_PACKAGES := chromium inetutils-telnet iproute2 nftables nodejs npm openssh-client openssl \
  postgresql prometheus putty-tools sslscan tf5 tintin++

.DEFAULT_GOAL := help
.PHONY: hostile screenshots fuzz help run test check bench faults format lock clean test-packages evennia bytecode

help:  ## Show these lines
	@sed -n 's/^\([a-z]*\):.*  ## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|' 2>/dev/null \
	  || sed -n 's/^\([a-z]*\):.*  ## \(.*\)/make \1	\2/p' $(MAKEFILE_LIST)

run: $(VENV)/run.stamp  ## Install what is needed and start the system in ./var
	@$(BIN)/everdoor up

test: $(VENV)/dev.stamp test-packages evennia bytecode  ## Run the tests
	@$(BIN)/pytest $(WORKERS) $(PYTEST_ARGS)

check: $(VENV)/dev.stamp  ## Check format, lint, types and who may import whom
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

screenshots: $(VENV)/dev.stamp test-packages  ## Take the pictures of the documents
	@SCREENSHOTS=1 $(BIN)/pytest -q tests/clients/test_browser.py -k screenshots
	@SCREENSHOTS=1 $(BIN)/pytest -q tests/integration/test_top.py -k lives

bench: $(VENV)/dev.stamp bytecode  ## Measure it; BENCH=quick: in a minute
	@$(BIN)/python -m bench $(or $(BENCH),full)

fuzz: $(VENV)/dev.stamp  ## Run 100 000 schedules of faults in memory; feed parsers noise
	@cd tests && ../$(BIN)/python -m simulator --schedules $(or $(SCHEDULES),100000)
	@$(BIN)/python tests/fuzz/archive.py 1 20000
	@$(BIN)/python tests/fuzz/parsers.py 1 $(or $(BYTES),10000000)

faults: $(VENV)/dev.stamp test-packages bytecode  ## Break it under load and check; FAULTS=quick: a little
	@PYTHONPATH=tests $(BIN)/python -m faults $(or $(FAULTS),full)
	@ENDS=50 $(BIN)/pytest -q tests/integration/test_timers.py

hostile: $(VENV)/dev.stamp  ## Attack a portal, and show what it costs the portal and others
	@PYTHONPATH=tests $(BIN)/python -m hostile

format: $(VENV)/dev.stamp  ## Format the code and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock:  ## Choose the newest versions that work (needs uv)
	@test -n "$(UV)" || { echo "make lock needs uv: install it and try again" >&2; exit 1; }
	$(UV) $(COMPILE) requirements.lock pyproject.toml
	$(UV) $(COMPILE) requirements-dev.lock --extra dev --constraint requirements.lock pyproject.toml

clean:  ## Remove what was installed and made; worlds (./var) stay
	rm -rf $(VENV) dist tests-output .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# No addresses of package indexes in the locks: everyone has their own.
COMPILE := pip compile --upgrade --quiet --python-version 3.11 --generate-hashes --no-header \
  --no-emit-index-url --no-emit-find-links --output-file

# uv where it is on PATH, because it is fast; else the environment's own pip; else, where Debian's
# python3-venv is missing and the environment has none, the pip of the Python that made it.
INTO = $(BIN)
INSTALL = if command -v uv >/dev/null; then uv pip install --quiet --compile-bytecode --python $(INTO)/python "$$@"; \
  elif test -x $(INTO)/pip; then $(INTO)/python -m pip install --quiet --disable-pip-version-check "$$@"; \
  else $(PYTHON) -m pip --python $(INTO)/python install --quiet --disable-pip-version-check "$$@"; fi

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Everdoor needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Install one" \
	    "and run: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Making $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || $(PYTHON) -m venv --clear --without-pip $(VENV)

$(VENV)/run.stamp: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing what running needs"
	@set -- --require-hashes -r requirements.lock; $(INSTALL)
	@set -- --no-deps -e .; $(INSTALL)
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock pyproject.toml | $(BIN)/python
	@echo "Installing what running and developing need"
	@set -- --require-hashes -r requirements-dev.lock; $(INSTALL)
	@set -- --no-deps -e .; $(INSTALL)
	@touch $@ $(VENV)/run.stamp

# Programs that are started a thousand times are compiled once, also where Python may not keep that.
bytecode: $(VENV)/dev.stamp
	@$(BIN)/python -m compileall -q shared services

test-packages:
	@command -v dpkg >/dev/null || { echo "Not Debian: the tests need the programs of: $(TEST_PACKAGES)"; exit 0; }; \
	missing=$$(for p in $(TEST_PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
	if test -z "$$missing"; then exit 0; fi; \
	if test "$$(id -u)" != 0; then echo "The tests need Debian packages, install them as root: apt-get install" $$missing; exit 0; fi; \
	echo "Installing Debian packages for the tests:" $$missing; \
	{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$missing; } >/dev/null \
	  || echo "They could not be installed; the tests that need them will say so."

# Evennia itself, in an environment of its own, and a world that it has made: the tests import it.
evennia: | $(BIN)/python
	@$(MAKE) -s --no-print-directory $(EVENNIA)/world.db3 \
	  || echo "Evennia could not make a world; the tests that need it will say so."

$(EVENNIA)/world.db3: tests/fromevennia/make_world.py $(EVENNIA)/installed.stamp
	@echo "Having Evennia make a world for the tests"
	@rm -rf $(EVENNIA)/made && mkdir $(EVENNIA)/made
	@cd $(EVENNIA)/made && ../bin/python $(CURDIR)/$< 20 100 >made.log 2>&1 || { cat made.log; exit 1; }
	@mv $(EVENNIA)/made/mygame/server/evennia.db3 $@

$(EVENNIA)/installed.stamp: INTO = $(EVENNIA)/bin
$(EVENNIA)/installed.stamp: tests/fromevennia/requirements.txt
	@echo "Installing Evennia for the tests"
	@$(PYTHON) -m venv --clear $(EVENNIA) >/dev/null 2>&1 \
	  || $(PYTHON) -m venv --clear --without-pip $(EVENNIA)
	@set -- --no-deps -r $<; $(INSTALL)
	@touch $@
