# `make` alone prints what there is. Every target makes its own set-up; `.venv` is the only thing left behind.
.DEFAULT_GOAL := help
SHELL := /bin/sh
BIN := .venv/bin
N ?= 4
DATA ?= dragoman-data
SECONDS ?= 60
SEED ?= 0

##@ Try it
.PHONY: demo up
demo: .venv/.demo ## mail a sample PDF to a stack of its own, see the reply
	@sh tests/install_servers.sh demo || true
	@$(BIN)/dragoman demo

up: .venv/.demo ## all of it on this machine, data in DATA=dragoman-data
	@$(BIN)/dragoman up --data $(DATA)

##@ Check it
.PHONY: test test-all test-more image-test lint types check fuzz fuzz-mail
# The servers are installed while the libraries are.
test: ## every promise once, N=4 tests at a time; T=tests/unit picks tests
	@sh tests/install_servers.sh $(if $(T),more,test) & \
	  $(MAKE) --no-print-directory .venv/.ready && wait $$!
	@$(BIN)/pytest -n $(N) --dist loadfile $(or $(T),-m "not more" tests)

test-all: ## that, and all that takes longer, the image too
	@failed=0; $(MAKE) --no-print-directory test || failed=1; \
	  $(MAKE) --no-print-directory test-more || failed=1; exit $$failed

test-more: .venv/.ready ## what test-all adds to test
	@sh tests/install_servers.sh more
	@failed=0; $(BIN)/pytest -n $(N) --dist loadfile -m more --ignore tests/image tests || failed=1; \
	  $(MAKE) --no-print-directory image-test || failed=1; exit $$failed

image-test: .venv/.ready ## build the Docker image without Docker, run all its services (as root on Debian; some minutes)
	@sh tests/install_servers.sh image
	@$(BIN)/pytest tests/image

lint: .venv/.ready ## style, format and who may import whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

types: .venv/.ready ## mypy, strict
	@$(BIN)/mypy

check: lint types test ## all three, with `make test`

fuzz: .venv/.ready ## garbled PDFs for SECONDS=60, SEED=0; SEEDS=folder of PDFs to garble
	@$(BIN)/python -m tests.fuzz --seconds $(SECONDS) --seed $(SEED) $(if $(SEEDS),--seeds $(SEEDS))

fuzz-mail: .venv/.ready ## garbled mails for SECONDS=60, SEED=0, beside Python's own parser
	@$(BIN)/python -m tests.fuzz_mail --seconds $(SECONDS) --seed $(SEED)

SEED ?= 1
SECONDS ?= 120
JOBS ?= 200
DATABASE ?= sqlite
STORE ?= folder
.PHONY: chaos flood
chaos: .venv/.ready ## kill everything for SECONDS= while JOBS= documents come in, by SEED=; DATABASE=postgresql STORE=s3
	@$(BIN)/python -m tests.chaos.run --seed $(SEED) --seconds $(SECONDS) --jobs $(JOBS) --database $(DATABASE) --store $(STORE)

flood: .venv/.ready ## more than they can take: the mail server, Slack's events, the queue; figures, no verdict
	@$(BIN)/python bench/email.py
	@$(BIN)/python bench/slack.py
	@$(BIN)/python bench/pipeline.py --only burst

##@ Keep it
.PHONY: constraints audit sbom format clean help
EXPORT := uv export --quiet --frozen --no-annotate --no-header --no-emit-project --no-default-groups
constraints: ## write uv.lock, constraints.txt and requirements/ (the pins with their hashes) anew (needs uv)
	@uv lock
	@uv export --quiet --frozen --all-groups --no-hashes --no-annotate --no-header --no-emit-project --output-file constraints.txt
	@mkdir -p requirements
	@$(EXPORT) --output-file requirements/product.txt
	@$(EXPORT) --group demo --output-file requirements/demo.txt
	@$(EXPORT) --group dev --output-file requirements/dev.txt
	@$(EXPORT) --only-group build --output-file requirements/build.txt
	@$(EXPORT) --only-group audit --output-file requirements/audit.txt

audit: .audit/.ready ## look up all pinned libraries for known vulnerabilities (asks PyPI's service)
	@sh .ci/audit.sh

sbom: .audit/.ready ## write dragoman.cdx.json, the bill of materials of the product (CycloneDX)
	@PYTHONWARNINGS=ignore .audit/bin/cyclonedx-py requirements requirements/product.txt --pyproject pyproject.toml --mc-type application \
	  --output-reproducible --output-format JSON --output-file dragoman.cdx.json
	@echo "dragoman.cdx.json: $$(grep -c '"purl"' dragoman.cdx.json) components"

.audit/.ready: requirements/audit.txt .ci/venv.sh
	@sh .ci/venv.sh audit
	@touch $@

format: .venv/.ready ## mend what ruff can mend
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

clean: ## delete the virtual environment and the tools' caches
	@rm -rf .venv .audit .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

help: ## this list
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

# Two stamps: `demo` is the product and what the demo translates with, `ready` is that and what tests need. Whoever has
# the second has the first.
SETUP := pyproject.toml uv.lock requirements/build.txt requirements/demo.txt requirements/dev.txt .ci/venv.sh
.venv/.demo: $(SETUP)
	@sh .ci/venv.sh demo
	@touch $@

.venv/.ready: $(SETUP)
	@sh .ci/venv.sh dev
	@touch .venv/.demo $@
