# The verbs of the project: `make` lists them. What takes more than a line is in scripts/.
#
#   PYTHON=/path/to/python3.13   the Python to make .venv with
#   ARGS="--listen localhost:0"  options for serve, bench and the tests
#   WHEEL=wheelhouse/x.whl       test this wheel instead of the checkout

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help serve test test-fast check format docs bench fuzz wheels clean FORCE

export PYTHON
export PIP_DISABLE_PIP_VERSION_CHECK := 1

VENV := .venv
PURE := .venv-pure
SANITIZED := .venv-sanitized
SECONDS ?= 60
RUN := $(VENV)/bin/python -m
SANS_IO := tests/engine tests/wire tests/broker tests/peers

# The folders too: they change when a file in them goes away.
SOURCES := pyproject.toml setup.py $(shell find src -name '*.py' -o -name '*.pxd' \
	-o -type d ! -name __pycache__ ! -name '*.egg-info')
# After an install without a compiler: is there one by now?
RETRY := $(if $(wildcard $(VENV)/uncompiled),$(shell scripts/system compiler 2>/dev/null && echo FORCE))

help: ## list the verbs
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

serve: $(VENV)/installed ## set up, build and start the broker
	@$(RUN) leveret serve $(ARGS)

ifdef WHEEL
test: $(VENV)-wheel/installed
	@$(VENV)-wheel/bin/python scripts/run_tests.py $(ARGS)
else
test: $(VENV)/installed $(VENV)/tools $(PURE)/installed ## all that CI runs: compiled, then uncompiled
	@$(VENV)/bin/python scripts/run_tests.py --pure $(PURE)/bin/python $(ARGS)
endif

test-fast: $(VENV)/installed $(VENV)/tools ## the part without sockets
	@$(RUN) pytest $(SANS_IO) $(ARGS)

check: $(VENV)/tools ## format, lint, types, house rules
	@status=0; for tool in "ruff format --check ." "ruff check ." mypy "pytest -q tests/test_tidy.py"; \
		do $(RUN) $$tool || status=1; done; exit $$status

format: $(VENV)/tools ## format, and mend what the linter can
	@$(RUN) ruff check --fix .
	@$(RUN) ruff format .

docs: $(VENV)/installed ## write the pages that are made from the sources
	@$(VENV)/bin/python scripts/limits_page.py

bench: $(VENV)/installed $(VENV)/tools ## run benchmarks/NAME.py: make bench NAME=...
	@[ -n "$(NAME)" ] || { echo "make bench NAME=one of:"; ls benchmarks | sed -n 's/\.py$$//p'; exit 2; }
	@$(VENV)/bin/python benchmarks/$(NAME).py $(ARGS)

fuzz: $(VENV)/tools $(SANITIZED)/installed ## fuzz all parsers, or one: make fuzz NAME=tables SECONDS=600
	@scripts/fuzz $(VENV)/bin/python $(SANITIZED)/bin/python $(SECONDS) $(NAME)

wheels: $(VENV)/tools ## a manylinux wheel of this Python, in wheelhouse/
	@LEVERET_REQUIRE_COMPILED=1 scripts/build-wheel $(VENV)/bin/python compiled
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(RUN) auditwheel repair --wheel-dir wheelhouse build/wheels/compiled/*.whl

clean: ## remove all that was made
	rm -rf $(VENV) $(VENV)-wheel $(PURE) $(SANITIZED) build dist wheelhouse src/*.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What the verbs stand on: three environments, each with stamps for what is installed in it.

$(VENV)/bin/python:
	@python=$$(scripts/system python) && echo "leveret: making $(VENV) with $$python" \
		&& "$$python" -m venv --clear $(VENV)

$(VENV)/installed: $(VENV)/bin/python $(SOURCES) $(RETRY)
	@scripts/build-wheel $< compiled
	@scripts/install-wheel $< build/wheels/compiled/*.whl
	@touch $@

$(VENV)/tools: $(VENV)/bin/python pyproject.toml
	@scripts/install-group $< dev
	@touch $@

$(PURE)/installed: $(VENV)/bin/python $(SOURCES)
	@$(RUN) venv --clear $(PURE)
	@scripts/build-wheel $(PURE)/bin/python pure
	@scripts/install-wheel $(PURE)/bin/python build/wheels/pure/*.whl
	@scripts/install-group $(PURE)/bin/python test
	@touch $@

$(SANITIZED)/installed: $(VENV)/bin/python $(SOURCES)
	@$(RUN) venv --clear $(SANITIZED)
	@scripts/build-wheel $(SANITIZED)/bin/python sanitized
	@$(SANITIZED)/bin/python -m pip install --quiet --no-deps build/wheels/sanitized/*.whl
	@touch $@

$(VENV)-wheel/installed: $(VENV)/bin/python $(WHEEL)
	@$(RUN) venv --clear $(VENV)-wheel
	@scripts/install-wheel $(VENV)-wheel/bin/python $(WHEEL)
	@scripts/install-group $(VENV)-wheel/bin/python dev
	@touch $@

FORCE:
