# `make help` lists the commands. A machine with Python 3.11, 3.12 or 3.13 and make is enough.

SHELL := /bin/sh
.DEFAULT_GOAL := help

BIN := .venv/bin
INSTALLED := .venv/.installed
NODE := $(BIN)/node .venv/js/node_modules

# TensorFlow's start-up lines say nothing to a reader.
export TF_CPP_MIN_LOG_LEVEL := 3

# Many short processes start here: each reads its bytecode, even where the environment forbids to keep it.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help book serve jupyter pdf links elsewhere colab site execute test check tests weekly notebooks torch mutants kills record bench requirements address clean \
	homework-release homework-grade homework-similarity homework-gradescope homework-check \
	homework-open homework-lock

help: ## List the commands
	@sed -nE 's/^([a-z-]+):.*## /make \1\t/p' Makefile | expand -t 26

$(INSTALLED): requirements.txt pyproject.toml tools/js/package-lock.json tools/setup.sh
	@tools/setup.sh
	@touch $@

book: $(INSTALLED) ## Build what has changed of the site and print the path of its first page
	@$(BIN)/python -m tools.site.build

serve: book ## Build the site and show it at http://localhost:8000
	@$(BIN)/python -m http.server 8000 --bind 127.0.0.1 --directory _build/html

# JupyterLab is not among the pinned packages, since nothing else needs it; it moves none of those.
jupyter: $(INSTALLED) ## Open the notebooks in JupyterLab (installs it the first time)
	@$(BIN)/uv pip install --quiet --constraint requirements.txt jupyterlab
	@$(BIN)/jupyter-lab $(OPTIONS)

pdf: $(INSTALLED) ## Print the whole book into a PDF (needs Chromium)
	@$(BIN)/python -m tools.site.pdf

links: $(INSTALLED) ## Ask every link to another site whether it still leads somewhere
	@$(BIN)/jupyter-book build . --builder linkcheck --path-output dist/links --keep-going

elsewhere: $(INSTALLED) ## Execute the chapters with other processors' rounding (all, or NB=path)
	@$(BIN)/python -m tools.book.elsewhere $(NB)

colab: $(INSTALLED) ## Run notebooks as Colab would, with its versions (a sample, or NB=path)
	@$(BIN)/python -m tools.book.colab $(NB)

site: $(INSTALLED) ## The tests of the site in a browser, barriers on every page included
	@$(BIN)/python -m pytest -m "weekly or not weekly" tests/site

execute: $(INSTALLED) ## Execute the notebooks and store their outputs (all, or NB=path)
	@$(BIN)/python -m tools.book.execute $(NB)

test: check tests notebooks ## Everything that continuous integration runs

check: $(INSTALLED) ## Format, lint, types, shown code equal to the source
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(NODE)/@biomejs/biome/bin/biome check --config-path=tools/js book/_static
	@$(NODE)/typescript/bin/tsc --project tools/js
	@$(BIN)/python -m tools.book.sync_source --check

# Two workers have both cores busy. A second thread of NumPy's linear algebra would wait for a core
# without rest, which makes an eigendecomposition up to sixty times as slow.
tests weekly notebooks elsewhere torch: export OPENBLAS_NUM_THREADS := 1

tests: $(INSTALLED) ## The tests of the package and of the book
	@$(BIN)/python -m pytest -p tests.workers -n 2 --dist worksteal

weekly: $(INSTALLED) ## The tests that take too long for each change
	@$(BIN)/python -m pytest -p tests.workers -n 2 --dist worksteal -m weekly

notebooks: $(INSTALLED) ## Execute every chapter again and compare with what it holds (or NB=path)
	@$(BIN)/python -m pytest -p tests.workers -p tests.forked_kernels -p tests.cell_messages \
		-p tests.figure_numbers -p tests.solutions -n 2 --dist loadfile --nbval-lax \
		--nbval-kernel-name=forked --ignore=book/homework $(OPTIONS) $(or $(NB),book)

# PyTorch is not among the pinned packages: its builds differ from machine to machine.
torch: $(INSTALLED) ## The optimizers and the engine on PyTorch (installs its build for CPUs)
	@$(BIN)/uv pip install --quiet --torch-backend cpu torch
	@KERAS_BACKEND=torch $(BIN)/python -m pytest -p tests.workers -n 2 --dist worksteal tests/optimizers \
		tests/backends tests/training/test_engine.py tests/surfaces/test_descent.py \
		tests/surfaces/test_network_surface.py

# EDITION=word draws numbers of your own; PER_STUDENT=roster.csv, others for each student.
homework-release homework-grade homework-similarity homework-check homework-open homework-gradescope: \
	export RAVINE_HOMEWORK_EDITION := $(or $(value EDITION),$(value RAVINE_HOMEWORK_EDITION))

homework-release: $(INSTALLED) ## Write the students' homework: pages, notebooks, a zip for an LMS
	@$(BIN)/python -m tools.homework release $(if $(PER_STUDENT),--per-student "$(PER_STUDENT)") $(OPTIONS)

homework-grade: $(INSTALLED) ## Grade what students handed in: SUBMISSIONS=folder or zip, ROSTER=class.csv
	@$(BIN)/python -m tools.homework grade "$(SUBMISSIONS)" $(if $(ROSTER),--roster "$(ROSTER)") $(OPTIONS)

homework-similarity: $(INSTALLED) ## Compare the code that students handed in: SUBMISSIONS=folder or zip
	@$(BIN)/python -m tools.homework similarity "$(SUBMISSIONS)" $(if $(ROSTER),--roster "$(ROSTER)") $(OPTIONS)

homework-gradescope: $(INSTALLED) ## Write autograders for Gradescope (all, or NAMES=momentum)
	@$(BIN)/python -m tools.homework gradescope $(NAMES)

homework-check: $(INSTALLED) ## Prove the homework's tests: the model solutions and the wrong ones
	@$(BIN)/python -m tools.homework check

homework-open: $(INSTALLED) ## Open the homework with its answers in private/homework
	@$(BIN)/python -m tools.homework open

homework-lock: $(INSTALLED) ## Lock the homework of private/homework into the repository again
	@$(BIN)/python -m tools.homework lock

mutants: $(INSTALLED) ## Plant faults in the optimizers and see the tests find them
	@$(BIN)/python tests/mutants.py

kills: $(INSTALLED) ## Kill 20 runs and a recorder at any moment; start 20 times four on one folder
	@$(BIN)/python -m tests.training.kills
	@$(BIN)/python -m tests.experiments.recorder_kills
	@$(BIN)/python -m tests.experiments.recorders_at_once
	@$(BIN)/python -m tests.writers

record: $(INSTALLED) ## Record the figures at their published length, for HOURS (default 2.5)
	@$(BIN)/ravine record --hours $(or $(HOURS),2.5) $(OPTIONS)

bench: $(INSTALLED) ## Time the course beside what others have: epochs, steps, searches, walks, imports
	@$(BIN)/python -m tools.bench

requirements: $(INSTALLED) ## Choose the newest versions again and write requirements.txt
	@$(BIN)/uv pip compile pyproject.toml --quiet --upgrade --universal --fork-strategy fewest \
		--python-version 3.11 --extra book --extra homework --extra test --group install \
		--generate-hashes --no-emit-index-url --no-emit-find-links \
		--custom-compile-command "make requirements" --output-file requirements.txt

# Without an address it says so before it installs anything.
address: $(and $(REPO),$(INSTALLED)) ## Carry a fork's address everywhere: REPO=https://github.com/you/fork
	@test -n "$(REPO)" || { echo "Name the address: make address REPO=https://github.com/you/fork" >&2; exit 1; }
	@$(BIN)/python -m tools.site.address "$(REPO)"

clean: ## Remove what the commands above made, .venv included
	rm -rf .venv _build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find src tools tests book -name __pycache__ -type d -prune -exec rm -rf {} +
