# What one calls from a shell. Everything that is installed goes into $(VENV), and nowhere else.

VENV := .venv
IN_VENV := $(VENV)/bin/python
# What the product needs to run, and with it all that its tests need.
INSTALLED := $(VENV)/.installed
INSTALLED_FOR_TESTS := $(VENV)/.installed-for-tests
PACKAGES := invoiced_quickbooks webhook_receiver consumer administration shared simulators

# The first Python of 3.11 or newer that can make virtual environments.
CAN_BE_USED := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON = $(shell for python in python3.13 python3.12 python3.11 python3.14 python3 python; do \
	if $$python -c '$(CAN_BE_USED)' >/dev/null 2>&1; then echo $$python; break; fi; done)

PIP_INSTALL = $(IN_VENV) -m pip install --quiet --disable-pip-version-check --editable

# More than one process at a time, as many as there are processors.
PYTEST_OPTIONS ?= -n auto

.DELETE_ON_ERROR:
.PHONY: setup run start test lint bench screenshots

setup: $(INSTALLED_FOR_TESTS)

$(IN_VENV):
	@if [ -z "$(PYTHON)" ]; then \
		echo 'Python 3.11 or newer with its venv module is needed, and none was found.'; \
		echo 'On Debian and Ubuntu: apt-get install python3 python3-venv'; \
		exit 1; \
	fi
	@echo 'Making $(VENV) with $(PYTHON) …'
	@$(PYTHON) -m venv $(VENV)

# pip runs only when what is to be installed has changed: any other start needs no network. The
# interpreter only has to be there: its age, that of a link into the system, says nothing.
$(INSTALLED): setup.cfg pyproject.toml | $(IN_VENV)
	@echo 'Installing what the product needs into $(VENV) …'
	@$(PIP_INSTALL) .
	@touch $@

$(INSTALLED_FOR_TESTS): setup.cfg pyproject.toml | $(IN_VENV)
	@echo 'Installing what the product and its tests need into $(VENV) …'
	@$(PIP_INSTALL) '.[test]'
	@touch $(INSTALLED) $@

# One command, and no shell above it: make hands a SIGTERM on to it.
run: $(INSTALLED)
	@exec $(IN_VENV) -m invoiced_quickbooks demo

start: $(INSTALLED)
	@exec $(IN_VENV) -m invoiced_quickbooks start

lint: setup
	$(IN_VENV) -m ruff check .
	$(IN_VENV) -m ruff format --check .
	$(VENV)/bin/lint-imports --no-logo
	$(IN_VENV) -m mypy $(PACKAGES) bench tests

test: lint
	$(IN_VENV) -m pytest $(PYTEST_OPTIONS)

bench: $(INSTALLED)
	$(IN_VENV) -m bench

screenshots: setup
	$(IN_VENV) -m tests.screenshots
