# `make` lists what there is to do. ARGS goes to the command behind a target: make up ARGS="--from 2008-01-02 --detach"

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help up down status load test lint types unit e2e bench format lock proof-api proof-backup proof-edge proof-fresh proof-heartbeat proof-install proof-intruder proof-load proof-mutation proof-random proof-secrets proof-series proof-wheel test-compose screenshots figures wheel clean runtime dev

# Where it is set, each of the hundred processes that tests start would compile all of the sources again.
export PYTHONDONTWRITEBYTECODE :=

BIN := .venv/bin
ARGS ?=
# Two workers more than there are cores: the three groups of tests with whole stacks mostly wait.
WORKERS ?= $(shell expr $$(nproc) + 2)
PYTEST = $(BIN)/pytest -n $(WORKERS) --dist loadgroup --no-loadscope-reorder

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: runtime ## Install what is missing and start everything; Ctrl-C stops it (ARGS=--detach leaves it running)
	@exec $(BIN)/investiq up $(ARGS)

down: ## Stop everything; the data stays
	@exec $(BIN)/investiq down $(ARGS)

status: ## Ask every part how it is
	@exec $(BIN)/investiq status $(ARGS)

load: runtime ## Install Locust and put load on the running stack (ARGS="mixed --users 50")
	@setup/python.sh load
	@exec $(BIN)/investiq load $(or $(ARGS),mixed)

test: lint ## Everything that CI runs: linters, layers, types, all tests
	@exec $(PYTEST) $(ARGS)

lint: dev ## ruff, the layers of the house, hadolint and compose-lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile setup/stand-ins/Dockerfile
	$(BIN)/compose-lint docker-compose.yml

types: dev ## mypy --strict, which `make test` runs as one of the tests
	$(BIN)/mypy

unit: dev ## The tests that start no program
	@exec $(PYTEST) -m "not e2e" $(ARGS)

e2e: dev ## The tests that start real programs
	@exec $(PYTEST) -m e2e $(ARGS)

bench: ## Measure ours beside its peers: one table, docs/performance.md (ARGS="--quick http_metrics" for a few)
	@setup/python.sh bench
	@exec .venv-bench/bin/python -m benchmarks $(ARGS)

format: dev ## Put the code in the house's format
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

lock: ## Pin all packages anew from pyproject.toml (ARGS=--upgrade takes the newest of each)
	@setup/lock.sh $(ARGS)

wheel: ## Build the wheel of this commit into dist/; the same commit gives the same bytes
	@setup/wheel.sh $(ARGS)

proof-edge: dev ## From another network: every door, what nmap and sslyze see, and what log-in costs (needs root; ARGS=-x)
	@exec setup/proof-edge.sh $(ARGS)

proof-fresh: ## Run `make up` in bare Debian containers (needs Docker; ARGS names the images)
	@setup/proof-fresh.sh $(ARGS)

proof-heartbeat: dev ## Kill Prometheus, then Alertmanager: seconds until trading is halted, and what is refused meanwhile
	@exec $(BIN)/pytest -q tests/e2e/proof_heartbeat.py $(ARGS)

proof-install: ## `investiq install` where systemd runs: upgrade, kill, rollback, backup, removal (needs Docker; ARGS names the image)
	@setup/proof-install.sh $(ARGS)

proof-intruder: dev ## As another user of this machine, forge, silence, take ports and overload; halt meanwhile (needs root)
	@exec $(BIN)/pytest -q tests/e2e/proof_intruder.py $(ARGS)

proof-load: dev ## Every scenario of `investiq load` for a minute, beside what Prometheus saw of it
	@exec $(BIN)/pytest -q tests/e2e/proof_load.py $(ARGS)

proof-mutation: dev ## Change every alerting rule in many small ways: the tests must notice each (ARGS="--only HighLatency")
	@exec $(BIN)/investiq rules mutate $(ARGS)

proof-random: dev ## Twenty times as many made-up cases, every malformed body, every mutant of the rules that few have
	@INVESTIQ_TESTS=deep exec $(PYTEST) $$(grep -rlE 'hypothesis|tests\.chance' tests --include='test_*.py') $(ARGS)

proof-api: dev ## Try the API by its own description for ten minutes (ARGS="--seed 7 --max-time 3600" for another run)
	@ARGS='$(ARGS)' exec $(BIN)/pytest -q tests/serve/api/proof_api.py

proof-backup: dev ## Back up while 20 orders a second flow, kill it, damage it, fill its disk, restore elsewhere (BACKUP_PROOF_TRIES=100)
	@BACKUP_PROOF_TRIES=$${BACKUP_PROOF_TRIES:-100} exec $(BIN)/pytest -q tests/e2e/proof_backup.py \
		tests/operate/backup/proof_*.py tests/operate/backup/test_swap.py $(ARGS)

proof-secrets: dev ## Plant a secret everywhere and search everything that is written; rotate each one under load
	@exec $(BIN)/pytest -q -s tests/e2e/proof_secrets.py tests/e2e/proof_planted_secrets.py $(ARGS)

proof-series: dev ## How many series each part exposes at rest and after a day's worth of use
	@exec $(BIN)/pytest -q tests/e2e/proof_series.py $(ARGS)

proof-wheel: ## Install the wheel into an empty environment, and start it in an empty folder (ARGS names container images)
	@setup/proof-wheel.sh $(ARGS)

screenshots: dev ## Take the pictures of docs/images anew, of a stack that has traded for some minutes
	@exec $(BIN)/pytest -q tests/e2e/screenshots.py $(ARGS)

test-compose: dev ## docker-compose.yml in a real engine: healthy, paging, killed, nothing lost (needs root; about ten minutes)
	@exec setup/test-compose.sh $(ARGS)

figures: ## Figures of the code: size, complexity, shared names (ARGS=--names lists these; ARGS=FOLDER is another checkout)
	@exec python3 setup/figures.py $(ARGS)

clean: ## Remove the virtual environments and caches; the data in .investiq stays
	rm -rf .venv .venv-lock .venv-bench .venv-proof build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .schemathesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# What `make up` and the checks need before they can start.
runtime:
	@setup/python.sh runtime
	@setup/programs.sh runtime

dev:
	@setup/python.sh dev
	@setup/programs.sh dev
