# One command each on a fresh machine with Python 3.11 or newer: the environment is made when it is missing.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
READY := .venv/.ready

.PHONY: run test check lint types bench chaos kills lock clean
.DEFAULT_GOAL := run

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Parley needs Python 3.11 or newer; none was found." >&2; exit 1; }
	@echo "Preparing .venv (about a minute, once) ..." >&2
	@$(PYTHON) -m venv .venv || { echo "Could not make .venv; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

run: $(READY)
	@$(BIN)/python -m bot

# More processes than a small machine has cores: many tests wait for sockets and other processes.
test: $(READY)
	@$(BIN)/python -m pytest -n 4 --dist worksteal

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

check: lint types test

bench: $(READY)
	$(BIN)/python -m benchmarks.delivery

# Stories of faults: `make chaos N=500`, or `make chaos SEED=7` to see the one of this seed again; with DB=postgres over
# a server at 127.0.0.1:5432.
chaos: $(READY)
	@$(BIN)/python -m tests.chaos --runs $(or $(N),1) $(if $(SEED),--seed $(SEED)) $(if $(DB),--$(DB))

# Sudden deaths alone: `make kills N=100`.
kills: $(READY)
	@$(BIN)/python -m tests.chaos --kills $(or $(N),100) $(if $(SEED),--seed $(SEED))

# Pins every dependency, without addresses of a registry; and of those once more the ones that the bot runs with.
COMPILE := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --no-emit-index-url \
	--no-emit-find-links --no-annotate --custom-compile-command "make lock"
lock: $(READY)
	$(BIN)/pip install --quiet uv
	$(COMPILE) --extra dev --upgrade -o requirements.lock
	$(COMPILE) --extra postgres --constraint requirements.lock --upgrade -o requirements-run.lock

clean:
	rm -rf .venv
