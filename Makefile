# Needs Python >= 3.11, make and a package registry; everything else comes from requirements.lock.
PYTHON ?= python3
VENV   ?= .venv
ARGS   ?=

BIN   := $(VENV)/bin
STAMP := $(VENV)/.stamp
PIP   := $(BIN)/python -m pip --disable-pip-version-check --quiet
# A file's tests share what is slow to make, so that they stay together. Three workers for two
# cores: the tests of the service wait now and then. One thread a worker is enough for both.
TESTS := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 \
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

# Oldest and newest versions that pyproject.toml allows. Warnings of old packages about each other
# are not ours; the golden files of compiled circuits and pages are those of the lock.
BOUNDS := tests/circuits tests/cli/test_cli.py tests/devices tests/extras tests/inference \
	tests/results/test_analysis.py tests/results/test_export.py tests/simulation/test_engine.py \
	tests/spec tests/store tests/thermodynamics
UV     := $(BIN)/uv --no-progress

RIVALS      := build/rivals-venv
RIVAL_NAMES := tensorcircuit-ng jax qiskit-aer qulacs qutip amazon-braket-default-simulator

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: $(shell awk -F: '/^[a-z-]+:.*## / { print $$1 }' $(firstword $(MAKEFILE_LIST)))

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

replay: $(STAMP) ## set up, then run the main job; options in ARGS="..."
	$(BIN)/recycling replay --seed 7 $(ARGS)

test: $(STAMP) ## set up, then run the tests; options in ARGS="..."
	$(TESTS) -m "not slow and not browser" $(ARGS)

slow: $(STAMP) ## run the tests that take long: studies of coverage, Aer, kills (4 minutes)
	$(TESTS) -m slow $(ARGS)

browser: $(STAMP) ## open pages in a real Chromium; they are skipped, with the reason, where there is none
	$(BIN)/pytest -m browser -rs $(wildcard tests/*/test_*_in_browser.py) $(ARGS)

test-oldest: $(STAMP) ## tests on the oldest versions of dependencies that we allow (minutes)
	$(call bounds,oldest,lowest-direct,-W ignore::DeprecationWarning \
		-W "ignore:numpy.ndarray size changed:RuntimeWarning")

test-newest: $(STAMP) ## tests on the newest versions of dependencies that we allow (minutes)
	$(call bounds,newest,highest,)

# A fresh environment each time: what is newest changes.
define bounds
	$(UV) venv --quiet --clear --python $(BIN)/python build/$(1)
	$(UV) pip install --quiet --python build/$(1)/bin/python --resolution $(2) --only-binary :all: \
		--requirement pyproject.toml --extra all "pytest~=9.2" "pytest-xdist~=3.8" \
		"hypothesis~=6.170" "array-api-strict~=2.5" "qutip~=5.3" "scqubits~=4.3"
	$(UV) pip install --quiet --python build/$(1)/bin/python --no-deps --editable .
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 build/$(1)/bin/python -m pytest -n 2 --dist loadfile \
		-m "not slow and not browser" $(3) $(BOUNDS) $(ARGS)
endef

check: $(STAMP) ## everything that a change must pass: what .ci/run runs
	./.ci/run

lint: $(STAMP) ## style and common mistakes (ruff)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

examples: $(STAMP) ## run the examples in docstrings
	$(BIN)/pytest --doctest-modules --doctest-continue-on-failure recycling circuits $(ARGS)

types: $(STAMP) ## types (mypy --strict)
	$(BIN)/mypy

# Uncached: the cache overlooks a module that has come or gone.
layers: $(STAMP) ## direction of imports (import-linter)
	$(BIN)/lint-imports --no-logo --no-cache

# Each notebook runs in its own folder; the executed copy goes to build/notebooks. The loopback
# service stands in for IBM Quantum.
notebooks: $(STAMP) ## execute every notebook, and compare it with the outputs that are stored in it
	$(BIN)/python -m tests.notebooks $(ARGS)

notebooks-store: $(STAMP) ## execute notebooks and store their outputs; ARGS="notebooks/03_latency.ipynb": one
	$(BIN)/python -m tests.notebooks --store $(ARGS)

# From the root, so that links to docs work and runs are in reach. Jupyter opens the browser.
lab: $(STAMP) ## open the notebooks in JupyterLab; ARGS=--no-browser prints the address
	$(BIN)/jupyter lab --ServerApp.root_dir="$(CURDIR)" --LabApp.default_url=/lab/tree/notebooks $(ARGS)

# Nothing is fetched. Pages made from code, and the reports of the gallery, are made first.
docs: $(STAMP) ## build the documentation site in build/docs; warnings are errors
	$(BIN)/python -m sphinx -W -n --keep-going -q -b html docs build/docs

docs-serve: docs ## show the site on http://127.0.0.1:8000
	$(BIN)/python -m http.server 8000 --bind 127.0.0.1 --directory build/docs

docs-check: $(STAMP) ## run what README and pages show; check their commands, specs and links
	$(BIN)/python -m docs.check $(ARGS)

soak: $(STAMP) ## kill runs and inject faults, hundreds of times (half an hour)
	$(BIN)/python -m tests.soak $(ARGS)

campaign: $(STAMP) ## 200 simulated runs with every fault at once, killed again and again (minutes)
	$(BIN)/python -m benchmarks.campaign $(ARGS)

sweeps: $(STAMP) ## time a sweep over 10⁶ devices, kill others 20 times: same bytes (ARGS=--quick: minutes)
	$(BIN)/python -m benchmarks.sweeps $(ARGS)

fuzz: $(STAMP) ## hostile specs and runs, thousands of new ones (a quarter of an hour)
	$(BIN)/pytest --hypothesis-profile=long $(wildcard tests/*/test_hostile_*.py) $(ARGS)

bench: $(STAMP) ## time the main job and its analysis
	$(BIN)/python benchmarks/replay.py $(ARGS)
	$(BIN)/python benchmarks/analysis.py

serve: $(STAMP) ## time the list of recycling serve over 500 runs (a minute; ARGS="--runs 50")
	$(BIN)/python -m benchmarks.serve $(ARGS)

commands: $(STAMP) ## time replay, layouts, plan, status; beside another tree: ARGS="--against DIR"
	$(BIN)/python benchmarks/commands.py $(ARGS)

# The threads of a linear algebra library would blur what one core does.
bench-check: $(STAMP) ## is the engine as fast as it was, in ratios to fixed work (seconds)
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.check $(ARGS)

engine: $(STAMP) ## points a second of the engine, beside the floor counted from its program
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.engine $(ARGS)

scaling: $(STAMP) ## time and memory over points, rounds, clock qubits, matrix size (minutes)
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.scaling $(ARGS)

trajectories: $(STAMP) ## time trajectories of 6 to 14 qubits beside Aer (minutes)
	$(BIN)/python -m benchmarks.trajectories $(ARGS)

rivals: $(STAMP) $(RIVALS)/.stamp ## time the engine against other simulators (minutes)
	$(BIN)/python -m benchmarks.rivals $(ARGS)

coverage: $(STAMP) ## how often intervals cover the truth (an hour; minutes with ARGS=--quick)
	$(BIN)/python benchmarks/coverage.py $(ARGS)
	$(BIN)/python benchmarks/drift.py $(ARGS)
	$(BIN)/python benchmarks/link_coverage.py $(ARGS)

axes: $(STAMP) ## coverage along any axes, with unequal shots (minutes; ARGS=--quick)
	$(BIN)/python benchmarks/coverage_axes.py $(ARGS)

stopping: $(STAMP) ## runs that stop when they are settled: level, power, shots (half an hour; ARGS=--quick)
	$(BIN)/python benchmarks/stopping.py $(ARGS)

design: $(STAMP) ## simulate designed experiments: what they find, cover and cost (ARGS=--quick: minutes)
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.design $(ARGS)

minute: $(STAMP) ## run designs of 60 s in rounds until they are settled: QPU time used (10 minutes)
	$(BIN)/python -m benchmarks.minute $(ARGS)

surprise: $(STAMP) ## are the p-values of a sealed prediction uniform, and what do they find (a minute)
	$(BIN)/python -m benchmarks.surprise $(ARGS)

gate-times: $(STAMP) ## how often intervals of gate times cover (an hour; minutes with ARGS=--quick)
	$(BIN)/python benchmarks/latency.py $(ARGS)

resets: $(STAMP) ## how often intervals of resets cover (minutes; ARGS="--experiments 200": seconds)
	$(BIN)/python -m benchmarks.resets $(ARGS)

decoupling: $(STAMP) ## when pulses on idle qubits help: tables and figure of docs/decoupling.md
	$(BIN)/python benchmarks/decoupling.py --figure docs/decoupling.svg $(ARGS)

chip: $(STAMP) ## draw a chip of a billion flux parametrons (minutes; ARGS=1e7: seconds)
	$(BIN)/python benchmarks/chip.py $(ARGS)

lock: $(STAMP) ## bring requirements.lock up to date with pyproject.toml; ARGS="--upgrade" moves pins
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links \
		--custom-compile-command "make lock" --extra all --extra dev --extra docs \
		--output-file requirements.lock $(ARGS) pyproject.toml

# Offline: versions and hashes are those of the lock, with what tests and documents the package.
sbom: $(STAMP) ## list all that the lock pins as a software bill of materials: build/sbom.json
	@mkdir -p build
	$(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --mc-type library \
		--output-reproducible --output-file build/sbom.json requirements.lock

dist: $(STAMP) ## build wheel and sdist into dist
	$(BIN)/hatchling build

# Rivals are no dependencies: they have an environment of their own. Where all together fail, each
# is tried alone, and one that is absent has its reason in the table.
$(RIVALS)/.stamp: benchmarks/requirements-rivals.txt
	@echo "setting up $(RIVALS) (a minute the first time)"
	@$(PYTHON) -m venv $(RIVALS)
	@$(RIVALS)/bin/python -m pip --disable-pip-version-check --quiet install --requirement $< \
		|| for each in $(RIVAL_NAMES); do \
			$(RIVALS)/bin/python -m pip --disable-pip-version-check --quiet install \
				--constraint $< $$each || true; \
		done
	@touch $@

# Only the default environment: a VENV from elsewhere is its owner's to remove.
clean: ## remove .venv, build output and caches
	rm -rf .venv build dist docs/reference docs/notebooks docs/project .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "$(PYTHON) is missing or older than Python 3.11; say which to use: make PYTHON=python3.11" >&2; exit 1; }
	@echo "setting up $(VENV) (a few minutes the first time)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@
