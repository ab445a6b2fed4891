# Every target sets up the environment first when it is missing or the lock has changed: see .ci/env.sh.
# Works with GNU make 3.81 and any POSIX shell.

run := sh .ci/env.sh

# Names of studies go to the shell through the environment, as they are: never expanded, never executed.
export REPORT_STUDY := $(value STUDY)
export REPORT_AS_OF := $(value AS_OF)
export REALITY_LOGS := $(value LOGS)
export REALITY_CONTRACTS := $(value CONTRACTS)
# Of the command line alone: machines have a variable of this name for something else.
export REPORT_LANGUAGE := $(if $(filter command,$(origin LANGUAGE)),$(value LANGUAGE))
unexport STUDY AS_OF LOGS CONTRACTS

.DEFAULT_GOAL := help
.PHONY: help report test test-all thorough lint lab calibrate reality bench pictures messages lock setup clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

report: ## runs every study under data/; STUDY= a name, folder or file for one, AS_OF= a date, LANGUAGE= en, ru, uk or zh
	@if [ -n "$$REPORT_AS_OF" ]; then set -- --as-of "$$REPORT_AS_OF"; else set --; fi; \
	if [ -n "$$REPORT_LANGUAGE" ]; then set -- "$$@" --language "$$REPORT_LANGUAGE"; fi; \
	if [ -n "$$REPORT_STUDY" ]; then set -- "$$@" -- "$$REPORT_STUDY"; else set -- --all "$$@"; fi; \
	exec $(run) -m cxvalue report "$$@"

# Workers and the processes that tests start import the same modules over and over: they may keep them compiled.
pytest := env -u PYTHONDONTWRITEBYTECODE OPENBLAS_NUM_THREADS=1 $(run) -m pytest -q -n auto --maxprocesses 4 --dist worksteal

test: ## ruff, mypy, the quick tests and the examples of the docstrings
	@status=0; \
	$(run) -m ruff check --quiet . || status=1; \
	$(run) -m mypy --no-error-summary || status=1; \
	$(pytest) -m "not thorough" || status=1; \
	exit $$status

test-all: test thorough ## `make test`, and what it left out after it

thorough: ## what `make test` leaves out: further cases and tests that take long, listed in tests/thorough.txt
	@$(pytest) -m thorough tests

lint: ## ruff and mypy alone
	@status=0; \
	$(run) -m ruff check . || status=1; \
	$(run) -m mypy || status=1; \
	exit $$status

lab: ## JupyterLab, opened on notebooks/
	@exec $(run) -m jupyterlab --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks \
	  --LabApp.app_settings_dir=.ci/lab --LabApp.extension_manager=readonly

# Many small matrices: threads of the linear algebra get into each other's way where every core is busy.
lab calibrate: export OPENBLAS_NUM_THREADS = 1

calibrate: ## the critical values and the coverage study, on simulated worlds
	@$(run) -m tests.calibration.damage 600
	@$(run) -m tests.calibration.dropout_gate
	@$(run) -m tests.calibration.discrete_gate
	@$(run) -m tests.calibration.regular_gate
	@$(run) -m tests.calibration.coverage 500
	@$(run) -m tests.calibration.coverage 10000
	@$(run) -m tests.calibration.covariates 40 1000
	@$(run) -m tests.calibration.covariates 40 1000 null
	@$(run) -m tests.calibration.campaigns 1000 3000
	@$(run) -m tests.calibration.campaigns 1000 3000 null
	@$(run) -m tests.calibration.campaigns 1000 3000 units
	@$(run) -m tests.calibration.campaigns 1000 3000 null units
	@$(run) -m tests.calibration.holdouts 1000
	@$(run) -m tests.calibration.contracts 500
	@$(run) -m tests.calibration.contracts 10000
	@$(run) -m tests.calibration.contracts 500 drivers
	@$(run) -m tests.calibration.drifting 500 100 0
	@$(run) -m tests.calibration.drifting 500 100 20
	@for kind in plain trial cohort jump; do $(run) -m tests.calibration.changing $$kind month; $(run) -m tests.calibration.changing $$kind year; done
	@$(run) -m tests.calibration.discounts 1000
	@$(run) -m tests.calibration.discounts 200 4500 by-lot
	@for design in staggered experiment cluster_experiment matched; do \
	  for kind in effect null proven; do \
	    $(run) -m tests.calibration.programmes $$design 1000 4000 $$kind || exit 1; done; done
	@$(run) -m tests.calibration.programmes staggered 1000 4000 early
	@$(run) -m tests.calibration.programmes staggered 400 4000 dip
	@$(run) -m tests.calibration.programmes staggered 400 4000 dip=0.5
	@$(run) -m tests.calibration.portfolio 1000 2500 0
	@$(run) -m tests.calibration.portfolio 1000 2500 1
	@$(run) -m tests.calibration.goodwill 100 6000
	@$(run) -m tests.calibration.experience 500

reality: ## forecasts on real logs beside what came and beside peers; LOGS= a folder of purchases, CONTRACTS= one of contracts
	@exec $(run) -m tests.reality "$$REALITY_LOGS" "$$REALITY_CONTRACTS"

bench: ## seconds and memory against lifetimes, on a simulated million customers; writes nothing here
	@exec $(run) -m tests.bench

pictures: ## the pictures of the README, drawn by its examples
	@exec $(run) -m tests.pictures

messages: ## the catalogues of the languages, brought up to date with the messages of the code
	@exec $(run) -m tests.messages

lock: ## a new requirements.lock, the newest that pyproject.toml allows
	@$(run) -m pip install --quiet --disable-pip-version-check uv
	@$(run) -m uv pip compile --quiet --upgrade --universal --python-version 3.11 --fork-strategy fewest --extra dev \
	  --no-emit-index-url --no-emit-find-links --no-header --annotation-style line --output-file requirements.lock pyproject.toml

setup: ## only the environment
	@$(run)

clean: ## removes .venv, caches and work folders; never reports/ or data/
	rm -rf .venv .cxvalue .pytest_cache .ruff_cache .mypy_cache .hypothesis build dist
	find .ci cxvalue tests -name __pycache__ -type d -prune -exec rm -rf {} +
