# The whole interface of understudy. `make help` lists it; `. .venv/bin/activate` gives you the tools themselves.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.NOTPARALLEL:
.PHONY: help setup demo test lint pull accept verify docs bench actors lock announce-demo announce-test FORCE

export PATH := $(CURDIR)/.venv/bin:$(PATH)
SHOT := bo.ada-for-bo

help: ## This list
	@sed -n 's/^\([a-z.]*\):.*## /\1\t/p' Makefile | expand -t 12

setup: .venv/complete ## Make .venv with the pinned packages; as root also the system packages it needs

.venv/complete: envs/setup envs/requirements.lock envs/debian.txt
	@echo "setup: making .venv, once; about 2 minutes" && envs/setup

demo: announce-demo .venv/complete ## The sample project, from footage to a signed shot and its scores
	@snakemake
	@python -m understudy.scoring data/scores/$(SHOT).json
	@echo "Watch        data/shots/$(SHOT).mp4"
	@echo "Compare      data/shots/$(SHOT).comparison.mp4 and .png: performance, swap, true swap"
	@echo "Verify it    make verify FILE=data/shots/$(SHOT).mp4"

announce-demo:
	@echo "demo: two drawn actors, ada's likeness on bo's performance; 3 min 20 s on 2 cores of an EPYC server without a GPU, set-up apart"

test: announce-test .venv/complete ## All tests
	@python -m pytest -n auto --dist loadfile $(ARGS)

announce-test:
	@echo "test: all tests; 4 min 10 s on 2 cores of an EPYC server without a GPU, set-up apart"

lint: .venv/complete ## ruff, mypy, snakefmt and Snakemake's own lint
	@ruff check .
	@ruff format --check --quiet .
	@mypy
	@snakefmt --check Snakefile
	@python -m understudy.engines.lint

dvc.yaml: .venv/complete FORCE ## Render dvc.yaml from the Snakefile
	@python -m understudy.engines.render

pull: .venv/complete ## Fetch artifacts with DVC and tell Snakemake what they are
	@dvc pull
	@python -m understudy.engines.accept

accept: .venv/complete ## After dvc checkout or dvc repro: tell Snakemake what the artifacts are
	@python -m understudy.engines.accept

verify: .venv/complete ## make verify FILE=...: is it signed, by whom, what was done, with which consents
	@python -m understudy.provenance $(FILE)

docs: .venv/complete ## Write docs/tables.md, params.md and models.md anew
	@python docs/generate.py

bench: .venv/complete ## Side-by-side measurements, as ratios; after make demo
	@PYTHONPATH=. python bench/cores.py
	@PYTHONPATH=. python bench/size.py

actors: .venv/complete ## Draw the sample footage again
	@python -m understudy.actors

lock: .venv/complete ## Pin requirements.in anew; needs uv
	@envs/lock

FORCE:
