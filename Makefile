# The verbs of the study. `make help` lists them; each is one line over a command.
SCALE ?= demo
DATA ?=
SET ?=
CORES ?= $(shell nproc 2>/dev/null || echo 2)
PYTHON ?= python3
VENV ?= .venv
LAB ?=
TESTS ?= not proof
TAG ?=
# Where studies lie: beside the published ones, in outputs/mine, unless another folder is named; to publish
# one, OUTPUTS=outputs.
OUTPUTS ?=
RUN = $(VENV)/bin/python -m polystilts
CHOSEN = --scale $(SCALE) $(if $(SET),--set '$(SET)') $(if $(DATA),--data '$(DATA)') --cores $(CORES) \
	$(if $(TAG),--tag '$(TAG)') $(if $(OUTPUTS),--outputs '$(OUTPUTS)')
# The code of this clone, whichever clone the environment was made for.
export PYTHONPATH := $(CURDIR)/src$(if $(PYTHONPATH),:$(PYTHONPATH))
# Make would take `scale=tiny` without a word, and run another scale.
SMALL = $(foreach name,scale data set cores python venv lab tests tag outputs,\
	$(if $(filter command,$(origin $(name))),$(name)))
ifneq ($(strip $(SMALL)),)
$(error names are written in capitals here, and $(strip $(SMALL)) is not: make study SCALE=tiny)
endif
# An environment of another clone is used as it is: to install into it would change what that clone runs.
ELSEWHERE = $(filter-out $(CURDIR)/%,$(filter /% ../%,$(VENV)))
READY = $(VENV)/$(if $(ELSEWHERE),bin/python,.ready-$(shell cat requirements.lock pyproject.toml | cksum | cut -d' ' -f1))

.PHONY: help env plan study status book test bench lab lock clean
.DEFAULT_GOAL := help

help:  ## list the verbs
	@echo 'make VERB [SCALE=tiny|demo|world|...] [SET="knob=value,..."] [DATA=folder] [CORES=n] [TAG=name] [OUTPUTS=folder]'
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 12

env: $(READY)  ## create the environment from the lock

$(READY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet $$($(VENV)/bin/python tools/torch_index.py) -r requirements.lock
	$(VENV)/bin/python -m pip install --quiet --no-deps -e .
	@rm -f $(VENV)/.ready-*
	@touch $@

plan: $(READY)  ## show the design, the work and the time of a study
	@$(RUN) plan $(CHOSEN)

study: $(READY)  ## run a study, from its first chapter to its answer
	@$(RUN) run $(CHOSEN)

status: $(READY)  ## show which chapters of a study are done
	@$(RUN) status $(CHOSEN)

book: $(READY)  ## make the book of a study from its executed chapters
	@$(RUN) book $(CHOSEN)

test: $(READY)  ## run the tests (TESTS=proof: kills, full disks, whole exercises)
	@$(VENV)/bin/ruff check . && OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "$(TESTS)"

bench: $(READY)  ## measure speed beside its rivals, some minutes on a quiet machine
	@$(VENV)/bin/python bench/run.py

lab: $(READY)  ## open copies of the chapters in JupyterLab (LAB="--no-browser --allow-root" passes options on)
	@mkdir -p lab && for page in notebooks/*.ipynb; do [ -e "lab/$${page##*/}" ] || cp "$$page" lab/; done
	@$(VENV)/bin/python -m jupyterlab --ServerApp.root_dir=. lab/00_the_question.ipynb $(LAB)

lock:  ## derive requirements.lock from pyproject.toml
	$(PYTHON) tools/lock.py

clean:  ## forget what is done at a scale, and keep its outputs
	rm -rf $(or $(OUTPUTS),outputs/mine)/$(SCALE)/.done
