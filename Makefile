# Everything a newcomer types. `make` alone lists it. Needs python3 >= 3.11, git and make.
PYTHON ?= python3
BIN := .venv/bin
# asv makes its environments with the first python3.x of PATH, which must be the one that runs it.
export PATH := $(CURDIR)/$(BIN):$(PATH)
READY := .venv/ready
# What `make compare` and `make continuous` measure: a regular expression, as asv's --bench.
export BENCH ?= ^(micro|integration)\.
NODE := benchmarks/peers/node

.DEFAULT_GOAL := help
.PHONY: help setup test pythons nightly lint bench report publish preview history compare continuous baseline find profile check \
  peers clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## Create .venv with everything that tests and benchmarks need

$(READY): pyproject.toml constraints.txt
	@command -v git >/dev/null || { echo "make: git is missing; install it first" >&2; exit 2; }
	@command -v $(PYTHON) >/dev/null || { \
	  echo "make: no $(PYTHON) here; install Python 3.11 or later, or name one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "make: $$($(PYTHON) --version) is too old; pyrt needs 3.11 or later: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 2; }
	@echo "==> Creating .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv || { \
	  echo "make: $(PYTHON) cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 2; }
	@echo "==> Installing pyrt and its tools, pinned by constraints.txt (a minute or so)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(READY)

test: $(READY) ## Run every test; what needs valgrind or Chromium says so where it is missing
	$(BIN)/python -m pytest

# What depends on the version of Python most: how bytes become requests, what handlers are promised, how types are read.
PYTHONS := 3.11 3.12 3.13
pythons: $(READY) ## Run the tests of ingress, conformance and gtype on every other supported Python of this machine
	@set -e; for version in $(PYTHONS); do \
	  if $(BIN)/python -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$$version')"; then continue; fi; \
	  found=""; for each in "python$$version" "$$HOME"/.pyenv/versions/$$version.*/bin/"python$$version"; do \
	    if "$$each" -c "" 2>/dev/null; then found="$$each"; break; fi; done; \
	  if [ -z "$$found" ]; then echo "==> No Python $$version here"; continue; fi; \
	  echo "==> Testing with $$("$$found" --version) in .venv-$$version"; \
	  "$$found" -m venv ".venv-$$version"; \
	  ".venv-$$version/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]' asv_runner; \
	  ".venv-$$version/bin/python" -m pytest -q tests/ingress tests/conformance tests/gtype; \
	done

nightly: $(READY) ## Run the tests that take minutes: strangers by the thousand, and fuzzing for longer
	$(BIN)/python -m pytest -m nightly -o log_cli=true --log-cli-level=INFO
	PYRT_EXAMPLES=5000 $(BIN)/python -m pytest --timeout 1800 tests/ingress/test_fuzzing.py

lint: $(READY) ## Check style, types and CI's workflows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/zizmor --offline --strict-collection --no-progress --quiet .github

bench: $(READY) ## Measure HEAD and one earlier commit, print the report, build the site
	@$(BIN)/python -m benchmarks bench

report: $(READY) ## Print the report of what is measured already, and write it to .asv/report/
	@$(BIN)/python -m benchmarks report

publish: $(READY) ## Build the site in html/ from results/
	@$(BIN)/python -m benchmarks publish

preview: publish ## Build the site and serve it on a port of this machine
	$(BIN)/asv preview

history: $(READY) ## Reference machine only: measure what is not measured yet, all or RANGE=BASE..HEAD
	@$(BIN)/python -m benchmarks history $(RANGE)

compare: $(READY) ## Our gate: has BASE..HEAD become slower? BENCH=REGEX chooses what is compared
	@$(BIN)/python -m benchmarks compare $${BASE:+"$$BASE"} $${HEAD:+"$$HEAD"} --bench "$$BENCH"

# asv's opinion, one input beside our gate. On main `asv continuous main HEAD` would compare a commit with itself, so
# there the pair is HEAD^ and HEAD. Four rounds of five samples: of six on each side asv's test can never tell.
continuous: $(READY) ## The same question put to asv: asv continuous BASE HEAD, by default main and HEAD
	@$(BIN)/asv machine --yes >/dev/null
	@head="$${HEAD:-HEAD}"; base="$${BASE:-main}"; \
	if [ "$$(git rev-parse "$$head")" = "$$(git rev-parse --verify -q "$$base")" ]; then base="$$head^"; fi; \
	echo "==> asv continuous $$base $$head"; \
	PYRT_BENCH_ONLY="$$BENCH" $(BIN)/asv continuous --factor 1.2 -a rounds=4 --split --bench "$$BENCH" "$$base" "$$head"

baseline: $(READY) ## Save the raw figures of a commit (HEAD=COMMIT), for `compare --baseline FILE` later
	@$(BIN)/python -m benchmarks baseline $${HEAD:+"$$HEAD"} --bench "$$BENCH"

find: $(READY) ## Name the commit of RANGE=BASE..HEAD that changed NAME=BENCHMARK
	$(if $(and $(RANGE),$(NAME)),,$(error name both: make find RANGE=main..HEAD NAME=micro.routing.Match.time_match))
	@$(BIN)/python -m benchmarks find "$$RANGE" "$$NAME"

profile: $(READY) ## Show where NAME=BENCHMARK spends its time, or with BASE and HEAD what grew
	$(if $(NAME),,$(error name a benchmark: make profile NAME=micro.routing.Match.time_match [BASE=...] [HEAD=...]))
	@$(BIN)/python -m benchmarks profile "$$NAME" $${BASE:+"$$BASE"} $${HEAD:+"$$HEAD"}

check: $(READY) ## Check that the suite imports and runs at HEAD: asv check, then each benchmark once
	@$(BIN)/asv machine --yes >/dev/null
	$(BIN)/asv check
	$(BIN)/asv run --quick --dry-run --show-stderr 'HEAD^!'

# robyn runs on the uvloop that is pinned for all, but asks for an older one, so it comes without what it asks for.
peers: $(READY) ## Install the other web servers that `python -m benchmarks peers http` measures
	@echo "==> Installing other web servers into .venv, pinned by constraints.txt"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,peers-http]'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-deps robyn
	@if command -v npm >/dev/null; then echo "==> Installing Fastify into $(NODE)/node_modules"; npm ci --silent --prefix $(NODE); \
	else echo "make: npm is missing, so Fastify is too; on Debian: apt-get install nodejs npm" >&2; fi

clean: ## Remove what these targets made, except results/
	rm -rf .venv .venv-* .asv html $(NODE)/node_modules
