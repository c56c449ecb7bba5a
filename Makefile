# Everything a developer or CI types; `make help` lists it.

VENV ?= .venv
# The oldest supported Python that is there; PYTHON=python3.13 chooses another.
PYTHON ?= $(firstword $(shell command -v python3.11 python3.12 python3.13 python3 2>/dev/null) python3)
# A target of profiles.yml; nothing means the profile's default.
TARGET ?=
ON_TARGET = $(if $(TARGET),--target $(TARGET))
# A scenario file; nothing means the assignment.
SCENARIO ?=

BENCHMARKS ?= kernel parquet_write duckdb_load postgres_load end_to_end default_run marts growth memory streams life
SPARK_VENV ?= .venv-spark
SUPERSET_VENV ?= .venv-superset
PY := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
METRICS_INSTALLED := $(VENV)/.metrics
NOTEBOOK_INSTALLED := $(VENV)/.notebook
SPARK_INSTALLED := $(SPARK_VENV)/.installed
SUPERSET_INSTALLED := $(SUPERSET_VENV)/.installed
# A file's tests share what they build, so a worker takes whole files, in the order of tests/python/conftest.py.
PARALLEL := -n auto --dist loadfile --no-loadscope-reorder
# Test files as pytest compiles them are kept: else each of its processes spends three seconds on them in every run.
TESTS := env -u PYTHONDONTWRITEBYTECODE $(PY) -m pytest $(PARALLEL)
export PATH := $(abspath $(VENV)/bin):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup setup-metrics setup-notebook demo report publish test test-slow claims test-bare setup-spark test-spark test-spark-slow verify-bi torture bench mutants lint docs clean

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  PYTHON=python3.12 chooses the interpreter of setup, TARGET=postgres the target of demo,"
	@echo "  SCENARIO=scenarios/growing.toml a company with a life of its own."

setup: $(INSTALLED) ## Make the environment, .venv, with all that demo and lint need

setup-metrics: $(METRICS_INSTALLED) ## Add MetricFlow to it, which test needs

setup-notebook: $(NOTEBOOK_INSTALLED) ## Add what runs the notebook docs/tour.ipynb, which test-slow needs

setup-spark: $(SPARK_INSTALLED) ## Make another environment, .venv-spark, with all that the target spark needs but Java

$(INSTALLED): pyproject.toml requirements/dev.txt
$(SPARK_INSTALLED): pyproject.toml requirements/spark.txt
$(INSTALLED) $(SPARK_INSTALLED):
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 13) or sys.exit("error: $(PYTHON) is Python %d.%d; saas-kpis needs 3.11, 3.12 or 3.13 (make setup PYTHON=python3.11)." % v)'
	@echo "Installing $(filter %.txt,$^) into $(@D), which takes a minute or two."
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(filter %.txt,$^)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(METRICS_INSTALLED): requirements/metrics.txt
$(NOTEBOOK_INSTALLED): requirements/notebook.txt
$(METRICS_INSTALLED) $(NOTEBOOK_INSTALLED): $(INSTALLED)
	@echo "Adding $(filter %.txt,$^) to $(VENV)."
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(filter %.txt,$^)
	@touch $@

$(SUPERSET_INSTALLED): bi/superset/requirements.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 12) or sys.exit("error: $(PYTHON) is Python %d.%d; Superset needs 3.11 or 3.12 (make verify-bi PYTHON=python3.11)." % v)'
	@echo "Installing Superset into $(@D), which takes a minute or two."
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	@touch $@

demo: $(INSTALLED) ## Simulate the company, build the marts, print and publish the KPIs, write the page
	$(PY) -m seed_generator $(ON_TARGET) $(if $(SCENARIO),--scenario $(SCENARIO))
	$(PY) -m reporting --publish --page $(ON_TARGET)

report: $(INSTALLED) ## Write the leadership page, kpis.html, from the marts that are there
	$(PY) -m reporting --page $(ON_TARGET)

publish: $(INSTALLED) ## Build, and if all is green publish the marts for BI tools in the folder published
	$(PY) -m reporting --publish $(ON_TARGET)

test: $(METRICS_INSTALLED) ## Run the tests that keep every claim, on DuckDB and on a PostgreSQL server of their own
	$(TESTS) -m "not slow"

test-slow: $(METRICS_INSTALLED) $(NOTEBOOK_INSTALLED) ## Run those that widen the claims: more scenarios, examples, rounds and releases
	$(TESTS) -m slow

claims: $(INSTALLED) ## List every claim with the tests that keep it; fails if make test lacks one
	$(PY) tests/python/support/claims.py

test-bare: ## Run demo and test on a bare Debian made for it; needs root and debootstrap
	$(PYTHON) tests/python/proof/bare_machine.py

test-spark: $(SPARK_INSTALLED) ## Run the tests of the target spark, on a cluster of their own; needs Java 17
	$(SPARK_VENV)/bin/python -m pytest $(PARALLEL) -m "not slow" tests/python/spark

test-spark-slow: $(SPARK_INSTALLED) ## Run those at the limits of a scenario, by hand: minutes each
	$(SPARK_VENV)/bin/python -m pytest $(PARALLEL) -m slow tests/python/spark

verify-bi: $(INSTALLED) $(SUPERSET_INSTALLED) ## Prove the dashboard on a Superset of its own, in an environment of its own
	SUPERSET_BIN=$(SUPERSET_VENV)/bin $(PY) -m pytest tests/python/bi/test_superset.py

torture: $(INSTALLED) ## Kill loads at a hundred random moments on every target, and look at what is left
	$(PY) -m pytest -n auto -k "not many" --rounds 100 tests/python/seed_generator/test_torture.py

bench: $(INSTALLED) ## Measure against peers and print each ratio beside what it must be; takes an hour
	@missed=""; for script in $(BENCHMARKS); do \
		$(PY) benchmarks/$$script.py > benchmarks/results/$$script.txt || missed="$$missed $$script"; \
		cat benchmarks/results/$$script.txt; \
	done; [ -z "$$missed" ] || { echo "missed in:$$missed" >&2; exit 1; }

mutants: $(INSTALLED) ## Make small mistakes in models and Python and print how many the tests notice; takes an hour
	PYTHONPATH=tests/python/support $(PY) tests/python/proof/sql_mutants.py
	$(PY) tests/python/proof/python_mutants.py

lint: $(INSTALLED) ## Check style, types, SQL, YAML, that dbt docs are complete, and the compose and workflow files
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-cache --no-logo
	$(VENV)/bin/yamllint --strict --config-file .ci/yamllint.yml .
	DUCKDB_PATH=:memory: $(VENV)/bin/sqlfluff lint models tests/generic tests/singular/identity tests/singular/truth
	$(VENV)/bin/sqlfluff lint --config .ci/sqlfluff-own-tables.cfg tests/singular/input
	$(PY) tests/python/support/descriptions.py
	$(VENV)/bin/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(VENV)/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/ci.yml

docs: $(INSTALLED) ## Write dbt's documentation as one file and serve it
	$(PY) -m reporting.documentation $(ON_TARGET)

clean: ## Remove all that make and the demo made, the warehouses of DuckDB and Spark too
	rm -rf $(VENV) $(SPARK_VENV) $(SUPERSET_VENV) target logs spark-warehouse spark-metastore warehouse.duckdb warehouse.duckdb.wal kpis.html published .published-*
	rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
