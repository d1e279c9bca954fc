# The front door: a fresh machine needs git, make and Python 3.11 or newer. `make` alone prints what there is.

AIRFLOW ?= 3.3
VENV := .venv$(if $(filter-out 3.3,$(AIRFLOW)),-$(AIRFLOW))
BIN := $(VENV)/bin
LOG := $(VENV)/setup.log
CONSTRAINTS := constraints/airflow-$(AIRFLOW).txt

# Candidates are run, not looked up: a version manager's shim is on the path even when nothing is behind it.
PYTHONS := $(or $(PYTHON),python3.13 python3.12 python3.11 python3)
PRINT_IF_RECENT := import sys; sys.version_info >= (3, 11) or sys.exit(1); print(sys.executable)

# The interpreter is the one found above, certificates are those of the machine, slow mirrors are waited for, and
# nobody is asked anything.
export UV_PYTHON_DOWNLOADS := never
export UV_HTTP_TIMEOUT ?= 120
export UV_SYSTEM_CERTS ?= true
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help setup demo test test-matrix test-pipelines lint types layers heavy bench-log bench-receiver bench-export bench-pipelines \
	readme lock clean

help:  ## Print this list.
	@echo 'make TARGET [AIRFLOW=3.2|3.3|3.4] [PYTHON=/path/to/python]'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile

setup: $(VENV)/installed  ## Install the provider and its tools into .venv (AIRFLOW=3.2 or 3.4: into .venv-3.2, .venv-3.4).

demo: setup  ## Show it at work: Airflow, a receiver and a stand-in for WebWork (KEEP=1 leaves them running).
	$(BIN)/python -m demo

# What starts whole programs has both cores to itself.
test: setup lint types layers  ## Check everything: lint, types, layers, then the tests.
	$(BIN)/python -m pytest -m 'not heavy' -n 2 --dist loadfile --ignore tests/server
	$(BIN)/python -m pytest -m 'not heavy' tests/server

# What depends on the version of Airflow: waiting, waking and claiming.
PIPELINES := $(addprefix tests/airflow/test_,assets.py claiming.py dags.py event_operators.py event_sensor.py \
	events_hook.py testing.py trigger.py) $(addprefix tests/server/test_,pipelines.py pipeline_chaos.py)

test-matrix:  ## Run the tests of pipelines on Airflow 3.2, 3.3 and 3.4, and upgrade 3.2 to 3.3, and the package.
	for version in 3.2 3.3 3.4; do \
		$(MAKE) test-pipelines AIRFLOW=$$version || exit 1; \
	done
	$(BIN)/python -m pytest -m heavy tests/server/test_pipeline_upgrade.py

test-pipelines: setup
	$(BIN)/python -m pytest -m 'not heavy' $(ARGS) $(PIPELINES)

lint: setup  ## Check style, format and spelling.
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/python -m codespell_lib

types: setup  ## Check types.
	$(BIN)/python -m mypy

layers: setup  ## Check that imports point down only.
	$(BIN)/lint-imports

heavy: setup  ## Run the long tests.
	$(BIN)/python -m pytest -m heavy $(ARGS)

bench-log: setup  ## Measure the event log (ARGS="--write" puts the figures into docs/benchmarks.md).
	$(BIN)/python -m benchmarks.log $(ARGS)

bench-receiver: setup  ## Measure the receiver beside others; needs wrk (ARGS="--write" puts the figures into docs/).
	$(BIN)/python -m benchmarks.receiver $(ARGS)

bench-export: setup  ## Measure exports beside plain requests (ARGS="--write" puts the figures into docs/benchmarks.md).
	$(BIN)/python -m benchmarks.export $(ARGS)

bench-pipelines: setup  ## Measure Dags that events start (ARGS="--write" puts the figures into docs/).
	$(BIN)/python -m benchmarks.pipelines $(ARGS)

readme: setup  ## Write the README's table of the API's sections anew from the catalogue.
	$(BIN)/python -m docs.sections

# An Airflow breaks with packages much newer than itself, so 3.2 is resolved as of its last days as the newest one.
# uv takes a pre-release only of what is named as one, so that of 3.4 is named part by part.
COMPILE = $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --all-extras --group dev \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links pyproject.toml -
lock: $(BIN)/uv  ## Write constraints/ anew from pyproject.toml.
	echo 'apache-airflow==3.2.*' | $(COMPILE) --exclude-newer 2026-07-01 -o constraints/airflow-3.2.txt
	echo 'apache-airflow==3.3.*' | $(COMPILE) -o constraints/airflow-3.3.txt
	printf '%s\n' apache-airflow==3.4.0b2 apache-airflow-core==3.4.0b2 apache-airflow-task-sdk==1.4.0b2 \
		| $(COMPILE) -o constraints/airflow-3.4.txt

clean:  ## Remove what the other targets made.
	rm -rf .venv .venv-* .demo build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

# __init__.py holds the version, which the installed metadata repeats.
$(VENV)/installed: $(BIN)/uv pyproject.toml $(CONSTRAINTS) airflow_provider_webwork/__init__.py
	@echo 'Installing Airflow $(AIRFLOW), the provider and its tools into $(VENV)'
	@$(BIN)/uv pip install --python $(BIN)/python -c $(CONSTRAINTS) -e '.[parquet,postgres,receiver]' --group dev >$(LOG) 2>&1 || { \
		echo 'The packages of $(CONSTRAINTS) could not be installed: if this machine has no way to its Python' \
		'package index, set HTTPS_PROXY or UV_DEFAULT_INDEX and run make again; the reason is in $(LOG).' >&2; exit 1; }
	@touch $@

$(BIN)/uv: | $(CONSTRAINTS)
	@mkdir -p $(VENV)
	@for name in $(PYTHONS); do python=$$($$name -c '$(PRINT_IF_RECENT)' 2>/dev/null) && break; python=; done; \
	test -n "$$python" || { \
		echo 'No Python 3.11 or newer was found as $(PYTHONS): install one, or name it with' \
		'make PYTHON=/path/to/python.' >&2; exit 1; }; \
	echo "Making $(VENV) with $$python"; \
	"$$python" -m venv $(VENV) >$(LOG) 2>&1 || { \
		echo "$$python cannot make virtual environments: install its venv module (on Debian and Ubuntu the package" \
		"python3-venv) and run make again; the reason is in $(LOG)." >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet -c $(CONSTRAINTS) uv >$(LOG) 2>&1 || { \
		echo 'uv could not be installed: if this machine has no way to its Python package index, set HTTPS_PROXY or' \
		'PIP_INDEX_URL and run make again; the reason is in $(LOG).' >&2; exit 1; }

constraints/airflow-%.txt:
	@echo 'There are no constraints for Airflow $*: AIRFLOW is 3.2, 3.3 or 3.4.' >&2; exit 1
