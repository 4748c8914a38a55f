# `make run` and `make test` are all a newcomer needs; every target makes .venv first when it has to.

PYTHON_HERE := .venv/bin/python
OFFSCREEN := QT_QPA_PLATFORM=offscreen

.PHONY: run setup test lint bench click shots soak package

run: setup
	@if [ "$$(uname)" != Linux ] || [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then \
		$(PYTHON_HERE) -m workstation --first-run; \
	else \
		echo "No display: doing the first run without a window; pictures of the pages go into out/."; \
		$(OFFSCREEN) $(PYTHON_HERE) -m workstation --first-run --headless out; \
	fi

setup:
	@packaging/bootstrap.sh run

.PHONY: setup-dev setup-display
setup-dev:
	@packaging/bootstrap.sh dev

setup-display: setup-dev
	@packaging/bootstrap.sh display

lint: setup-dev
	$(PYTHON_HERE) -m ruff check .
	$(PYTHON_HERE) -m mypy

# A process for each core, each with one thread for numbers: else they get in each other's way.
test: lint
	$(OFFSCREEN) OMP_NUM_THREADS=1 $(PYTHON_HERE) -m pytest -n auto --maxprocesses 8 --dist worksteal

soak: setup-dev
	$(OFFSCREEN) $(PYTHON_HERE) -m pytest -m soak

# On a real or a virtual display: painting is timed and pictured as a user sees it.
ON_DISPLAY = $$([ -n "$$DISPLAY" ] || echo xvfb-run -a -s "'-screen 0 1920x1200x24'")

bench: setup-display
	eval $(ON_DISPLAY) $(PYTHON_HERE) -m tests.bench

# What only a GPU can tell. No setup: such a machine may have torch and no network. GPU_JSON=FILE also writes the rows.
.PHONY: gpu
gpu:
	@$$([ -x $(PYTHON_HERE) ] && echo $(PYTHON_HERE) || echo python3) -m tests.gpu $(GPU_PARTS)

# The simulator beside the one real scan, beside the papers' tables, and to the eye (sheets in out/blind, key beside).
.PHONY: simulator-compare simulator-tables simulator-blind
simulator-compare: setup-dev
	$(PYTHON_HERE) -m tests.simulator.compare

simulator-tables: setup-dev
	$(PYTHON_HERE) -m tests.simulator.tables

simulator-blind: setup-dev
	$(PYTHON_HERE) -m tests.simulator.blind --seed $${SEED:-1} --out out/blind

# Teaches the click again, on 2 cores in about three quarters of an hour; weights and card go to resources/models.
click: setup-dev
	$(PYTHON_HERE) -m workstation.workflows.click_squares out/click
	$(PYTHON_HERE) -m ml.click_training out/click resources/models

# Teaches the models that come with the program again, on 600 simulated patients nobody is shown; about half an hour on 2
# cores. The first fold's networks go to resources/models with their cards. PRECISION=bf16 where the processor knows it.
TAUGHT := small-a small-b small-c-detect small-c-metastases small-c-bladder small-c-sites
.PHONY: models
models: setup-dev
	[ -f out/models/data/manifest.json ] || .venv/bin/osteoscope phantom lesions-3352 --snapshot out/models/data --patients 600 --seed 31
	$(PYTHON_HERE) -m ml crossval $(TAUGHT) --folds 0 --snapshot out/models/data --out out/models/runs \
		--set precision=$${PRECISION:-auto}
	for each in $(TAUGHT); do \
		$(PYTHON_HERE) -m ml model-make out/models/runs/$$each-*/fold-0 --out resources/models/$$each.safetensors --half --words || exit 1; \
	done

shots: setup-display
	eval $(ON_DISPLAY) $(PYTHON_HERE) -m tests.shots

package:
	@packaging/bootstrap.sh package
	$(PYTHON_HERE) -m PyInstaller --noconfirm --distpath dist --workpath build packaging/osteoscope.spec
