# The one front door. Everything works in .venv; nothing outside this folder is touched but Debian packages that are missing.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 9092
SOURCES := $(shell find core ext services proto -name '*.py' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.proto' 2>/dev/null | grep -v _pb2)
COMPILED := $(filter %.pyx %.pxd %.proto,$(SOURCES))

.PHONY: help run test test-cluster lint bench load kafka proto picture clean build

help:            ## Show this list.
	@grep -hE '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## ?/  make \1|/' | column -t -s '|'

run: build       ## Set up, then feed a simulated floor through the server and show its clocks, scorecards and quality.
	$(BIN)/opsledger demo

test: lint       ## Set up, lint, and run all tests, with a real Kafka broker and a real PostgreSQL.
	deploy/kafka/fetch.sh >/dev/null
	$(BIN)/python -m pytest -n 2 --dist loadgroup

test-cluster: build ## The fault campaign: three brokers, three nodes, all of them killed, frozen and cut off in turn; half an hour.
	deploy/kafka/fetch.sh >/dev/null
	$(BIN)/python -m pytest -m cluster -s tests/cluster

lint: build      ## ruff, mypy --strict, buf lint, import-linter.
	$(BIN)/ruff check .
	$(BIN)/mypy -p opsledger.core -p opsledger.ext -p opsledger.services
	$(BIN)/buf lint
	PYTHONPATH=build/link $(BIN)/lint-imports --no-cache

bench: build     ## Throughput and latency beside the peers, interleaved, as a table and JSON.
	$(BIN)/python -m loadtests.benchmarks

load: build      ## locust against a server of its own; then every acknowledged event is looked up in the journal.
	$(BIN)/python -m loadtests.run

kafka:           ## Run a real Kafka broker here until Ctrl-C: make kafka PORT=9092. It keeps its data in var/kafka.
	@echo "Kafka comes up on 127.0.0.1:$(PORT). Connect with: opsledger serve --kafka 127.0.0.1:$(PORT) --node-id n1"
	@exec deploy/kafka/broker.sh var/kafka/$(PORT) $(PORT)

proto: $(VENV)/installed ## Compile the protos beside their sources.
	$(BIN)/python setup.py --quiet build_py

build: $(VENV)/built ## Set up .venv and build the extensions and protos.

picture: build   ## Draw docs/demo.svg, the picture in the README, from a run of the demo.
	$(BIN)/opsledger demo --exit --picture docs/demo.svg

clean:           ## Remove everything that was built, .venv included.
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find core ext services proto -name '*_pb2*.py*' -delete -o -name '*.binpb' -delete -o -name '*.so' -delete
	find . -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/installed: pyproject.toml setup.py deploy/prerequisites.sh
	deploy/prerequisites.sh $(PYTHON)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@

# A stale .so would hide an edited .pyx, so every target builds what has changed first.
$(VENV)/built: $(VENV)/installed $(COMPILED)
	$(BIN)/python setup.py --quiet build_py build_ext --inplace
	touch $@
