# Every target does its own set-up: scripts/bootstrap.py needs python3 (3.11 or newer) and nothing else.
# ARGS are passed on: make test ARGS="-k postponed", make demo ARGS="--scale 1".

PYTHON ?= python3
ARGS ?=
BOOTSTRAP = $(PYTHON) scripts/bootstrap.py

.DEFAULT_GOAL := help
.PHONY: help demo up images-check test test-quick test-long alerts-check chaos test-rabbitmq4 check certs bench bench-check bench-reading bench-scaling install locks clean

help:
	@echo "Touchline. Targets:"
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) | while IFS='|' read -r target text; do \
		printf '  make %-14s %s\n' "$$target" "$$text"; done

demo: ## run the main job on an invented league: its site, the queue, the workers, a database
	@$(BOOTSTRAP) demo -- touchline demo $(ARGS)

up: ## run everything for good, in containers of this machine (ARGS="--demo", "--observability")
	@$(PYTHON) scripts/up.py $(ARGS)

images-check: ## build both images and try them without a container engine (needs root, on Debian; ARGS=--keep)
	@$(BOOTSTRAP) test -- python scripts/images.py $(ARGS)

test: ## run all tests, against a real RabbitMQ, PostgreSQL and Chromium
	@$(BOOTSTRAP) test -- python scripts/tests.py $(ARGS)

test-quick: ## run the tests that need no more than a second or two each
	@$(BOOTSTRAP) test -- pytest -m "not slow" $(ARGS)

test-long: ## run the tests that take minutes of real time: schedulers and workers through an outage
	@TOUCHLINE_TESTS_LONG=1 $(BOOTSTRAP) test -- pytest tests/acceptance/long $(ARGS)

alerts-check: ## break what each alert watches, one after the other, until a real Prometheus shows it (five minutes)
	@TOUCHLINE_TESTS_LONG=1 $(BOOTSTRAP) test -- pytest tests/observability/test_every_alert.py $(ARGS)

chaos: ## kill, cut and fill everything under load (ARGS="--only worker-killed", "--seed 7 --minutes 10", "--list")
	@$(BOOTSTRAP) test -- python -m tests.chaos $(ARGS)

test-rabbitmq4: ## run the queue's tests against RabbitMQ 4 with quorum queues, in a chroot (needs root, on Debian)
	@$(BOOTSTRAP) test -- python scripts/rabbitmq4.py $(ARGS)

certs: ## make a private CA and certificates for RabbitMQ in secrets/tls (ARGS="--name mq.example.org", "--renew")
	@$(PYTHON) scripts/certs.py $(ARGS)

check: ## check style, types, the arrows between packages, and that the locks are in step
	@$(BOOTSTRAP) check -- ruff check
	@$(BOOTSTRAP) check -- ruff format --check
	@$(BOOTSTRAP) check -- mypy
	@$(BOOTSTRAP) check -- lint-imports
	@$(BOOTSTRAP) check -- python scripts/locks.py check

bench: ## measure the budgets as ratios, on servers of its own (ARGS="--only store-new", "--rounds 5", "--json")
	@$(BOOTSTRAP) bench -- python -m bench $(ARGS)

bench-check: ## the same, and fail where a budget is missed
	@$(BOOTSTRAP) bench -- python -m bench --check $(ARGS)

bench-reading: ## measure what people and programs ask of a store of a million matches (ARGS="--matches 100000", "--json")
	@$(BOOTSTRAP) bench -- python -m bench.reading $(ARGS)

bench-scaling: ## measure 1, 2 and 4 worker processes, and how long a message takes at half load
	@$(BOOTSTRAP) bench -- python -m bench.scaling $(ARGS)

install: ## only set up .venv, with everything that developing needs
	@$(BOOTSTRAP) check

locks: ## make requirements/*.txt from pyproject.toml (ARGS=--upgrade for newer versions)
	@$(BOOTSTRAP) check -- python scripts/locks.py compile $(ARGS)

clean: ## remove .venv and all that tools have left
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
