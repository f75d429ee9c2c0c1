# Each of these works as the first command in a fresh clone: what it needs is built before it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

UV_VERSION := 0.13.8
BIN := .venv/bin
TRY := python -I server_client/agent_brain_contract/packages.py
PYTHONS := python3 python3.13 python3.12 python3.11 python3.14

export UV_PROJECT_ENVIRONMENT := .venv
export UV_COMPILE_BYTECODE := 0
unexport PYTHONHOME
# Without it the tests' modules are compiled again in every run, by every worker.
unexport PYTHONDONTWRITEBYTECODE
# As they were given: make would take `$(…)` in a path for its own, and run `$(shell …)`.
override PROJECT := $(value PROJECT)
override QUESTION := $(value QUESTION)
export PROJECT QUESTION

.PHONY: help tried install env quickstart check test test-portable test-nightly wheel bench bench-million bench-retrieval bench-graph bench-trees soak messages requirements before-push

help:  ## what there is to run
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS=$$'\t' read -r name text; do \
	    printf '  make %-13s %s\n' "$$name" "$$text"; done

# uv where it is, else a copy of our own; that one is made by pip and kept apart from the environment that it fills. It
# trusts authorities of its own; a company's is known by the system, which is asked in the second try.
define sync
	@set -euo pipefail; \
	if [ -e $@ ]; then \
	    if ! $(BIN)/$(TRY) --quick 2>/dev/null; then rm -rf .venv; \
	    elif [ -z "$(filter-out tried,$?)" ]; then exit 0; fi; \
	fi; \
	uv=$$(command -v uv || true); python=; \
	if [ -z "$$uv" ]; then \
	    uv=build/uv/bin/uv; \
	    if ! "$$uv" --version >/dev/null 2>&1; then \
	        found=; \
	        for candidate in $(PYTHONS); do \
	            if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	            then found=$$candidate; break; fi; \
	        done; \
	        if [ -z "$$found" ]; then \
	            echo "agent-brain: needs uv, or Python 3.11 or newer with venv (looked for: $(PYTHONS)). Install one: https://docs.astral.sh/uv" >&2; \
	            exit 1; \
	        fi; \
	        echo "Fetching uv $(UV_VERSION) with $$found …" >&2; \
	        rm -rf build/uv; \
	        "$$found" -m venv build/uv; \
	        build/uv/bin/python plugin/scripts/programs.py uv==$(UV_VERSION); \
	    fi; \
	    python="--python build/uv/bin/python"; \
	fi; \
	echo "Installing into .venv …" >&2; \
	install() { "$$uv" sync --quiet --frozen --inexact $$python $(1); }; \
	install || { echo "Trying again, with the system's certificates …" >&2; UV_SYSTEM_CERTS=true UV_NATIVE_TLS=true install; }; \
	$(call without_home,$(BIN)/agent-brain); \
	$(BIN)/$(TRY); \
	touch $@
endef

# The command's script goes on in a Python without PYTHONHOME, which would keep it from finding its own library.
define without_home
first=$$(head -n 1 $(1)); rest=2; interpreter=; \
	case $$first in \
	    '#!/bin/sh') interpreter=$$(sed -n "2s/^'''exec' \(.*\) \"\$$0\" \"\$$@\"/\1/p" $(1)); rest=3 ;; \
	    '#!'*) interpreter=\"$${first#??}\" ;; \
	esac; \
	if [ -n "$$interpreter" ] && [ "$${interpreter#/usr/bin/env}" = "$$interpreter" ]; then \
	    { printf "#!/bin/sh\n'''exec' /usr/bin/env -u PYTHONHOME %s \"\$$0\" \"\$$@\"\n" "$$interpreter"; \
	      if [ $$rest = 2 ]; then echo "' '''"; fi; tail -n +$$rest $(1); } >$(1).new; \
	    chmod 755 $(1).new; mv $(1).new $(1); \
	fi
endef

# An environment whose Python or packages have changed is made again, so each time it is tried.
tried:

# What is needed to use it …
.venv/.installed: uv.lock pyproject.toml tried
	$(call sync,--no-default-groups)

# … and to work on it.
.venv/.installed-dev: uv.lock pyproject.toml tried
	$(call sync,)
	@touch .venv/.installed

install: .venv/.installed  ## build .venv with the command alone, or repair it
	@echo "Ready: $(CURDIR)/$(BIN)/agent-brain"

env: .venv/.installed-dev  ## build .venv with the command and all tools
	@echo "Ready: $(CURDIR)/$(BIN)/agent-brain"

quickstart: .venv/.installed  ## set up, index and ask [PROJECT=path, default: here] [QUESTION=…]
	@set -euo pipefail; \
	project=$${PROJECT:-.}; here=$$PWD; \
	cd -- "$$project" && project=$$PWD; \
	question=$${QUESTION:-}; \
	if [ -z "$$question" ] && [ "$$project" = "$$here" ]; then question="how are changed files found"; fi; \
	if [ -z "$$question" ]; then question="what are the main parts and where does it start"; fi; \
	brain() { "$$here/$(BIN)/agent-brain" --project "$$project" "$$@"; }; \
	brain setup --yes --index; \
	printf '\n? %s\n\n' "$$question"; \
	brain search --top-k 5 "$$question"; \
	printf '\nNext:\n'; \
	printf '  export PATH=%q:"$$PATH"; cd %q\n' "$$here/$(BIN)" "$$project"; \
	printf '  agent-brain search "…"     ask something else (--help: filters, modes)\n'; \
	printf '  agent-brain status         what is indexed and what runs\n'; \
	printf '  agent-brain stop           end the server; it also stops by itself\n'

check: .venv/.installed-dev  ## format, lint, types, layers, architecture
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/architecture
	$(BIN)/pytest -q --collect-only >/dev/null # every test module can be imported

# Most tests wait for processes most of the time, so there are more workers than cores, and one thread to a matrix;
# those of tests/load measure, so they have the machine for themselves.
# With CHECKED=1, those of tests/architecture have been run by `make check`.
test: .venv/.installed-dev  ## all tests
	OPENBLAS_NUM_THREADS=1 $(BIN)/pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder --ignore tests/load \
	    $(if $(CHECKED),--ignore tests/architecture)
	$(BIN)/pytest tests/load

test-portable: .venv/.installed-dev  ## unit, contract and watcher tests: what is run on other systems than Linux
	$(BIN)/pytest --numprocesses 4 --dist loadfile tests/unit tests/contract tests/fuzz/test_watching.py \
	    tests/acceptance/test_watched_again.py

test-nightly: .venv/.installed-dev  ## what takes minutes: large monsters, 1,000 saves, random texts [FUZZ_SECONDS=120]
	$(BIN)/pytest -q -s -m nightly

bench: .venv/.installed-dev  ## the numbers, each with its reference
	$(BIN)/python -m benchmarks

bench-million: .venv/.installed-dev  ## a million chunks in PostgreSQL, which takes long
	$(BIN)/python -m benchmarks --only million

bench-retrieval: .venv/.installed-dev  ## how good the answers are, each part's worth (fetches 31 packages) [CLONES= SEMBLE=]
	$(BIN)/python -m benchmarks.retrieval --ablation --fresh $(if $(SEMBLE),--semble $(SEMBLE))
	for set in $(if $(CLONES),history) places messages; do \
	    $(BIN)/python -m benchmarks.retrieval --set $$set --half both \
	        $(if $(CLONES),--clones $(CLONES)) $(if $(SEMBLE),--semble $(SEMBLE)) || exit; \
	done

bench-graph: .venv/.installed-dev  ## how right the code graph is on 300 call sites
	$(BIN)/python -m benchmarks.graph

bench-trees: .venv/.installed-dev  ## a first indexing of two real source trees, Rust and C
	$(BIN)/python -m benchmarks --only trees

soak: .venv/.installed-dev  ## PostgreSQL under load for long: does anything grow? [SECONDS=1000]
	SOAK_SECONDS=$(or $(SECONDS),1000) $(BIN)/pytest -q -s tests/load/soak_postgres.py

messages: .venv/.installed-dev  ## docs/messages.md, every text that people see, from the sources
	$(BIN)/python docs/make_messages.py

requirements: uv.lock  ## plugin/requirements.txt, for who has pip alone, from uv.lock
	$$(command -v uv || echo build/uv/bin/uv) export --quiet --frozen --no-dev --no-emit-project --no-header --no-annotate \
	    --output-file plugin/requirements.txt >/dev/null

wheel: .venv/.installed-dev  ## dist/, tried in an environment that has nothing but its dependencies
	@set -euo pipefail; \
	uv=$$(command -v uv || echo build/uv/bin/uv); own=build/wheel; project=$$(mktemp -d); \
	trap 'rm -rf "$$project"' EXIT; \
	rm -rf dist $$own; \
	"$$uv" build --quiet --wheel --out-dir dist; \
	"$$uv" venv --quiet --python $(BIN)/python $$own; \
	"$$uv" pip install --quiet --python $$own/bin/python --requirements plugin/requirements.txt; \
	"$$uv" pip install --quiet --python $$own/bin/python --no-deps dist/*.whl; \
	$$own/bin/$(TRY) --recorded; \
	cp server_client/agent_brain_contract/packages.py "$$project"; \
	brain() { $$own/bin/agent-brain --project "$$project" "$$@"; }; \
	brain setup --yes --index --no-watch; \
	brain search "packages that cannot be imported" | grep packages.py; \
	brain stop; \
	ls dist

before-push:  ## what must pass before a push
	$(MAKE) check
	$(MAKE) test CHECKED=1
