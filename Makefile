# The whole interface of understudy. `make help` lists it; `. .venv/bin/activate` gives you the tools themselves.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.NOTPARALLEL:
.PHONY: help setup cluster-setup demo test nightly test-cluster test-s3 lint pull push reproduce compare compared grid accept \
	verify docs look bench bench-cluster actors pretrained lock announce-demo announce-test FORCE

export PATH := $(CURDIR)/.venv/bin:$(PATH)
SHOT := bo.ada-for-bo

help: ## This list
	@sed -n 's|^\([a-z0-9.-]*\):.*## |\1\t|p' Makefile | expand -t 15

setup: .venv/complete ## Make .venv with the pinned packages; as root also the system packages it needs

.venv/complete: envs/setup envs/requirements.lock envs/debian.txt
	@echo "setup: making .venv, once; about 2 minutes" && envs/setup

cluster-setup: .venv/cluster ## Add to .venv what submits jobs to Slurm; docs/cluster.md

.venv/cluster: .venv/complete envs/cluster.txt envs/requirements.lock
	@python -m pip install --quiet --requirement envs/cluster.txt --constraint envs/requirements.lock
	@python -m pip check >/dev/null
	@touch $@

demo: announce-demo .venv/complete ## The sample project, from footage to a signed shot and its scores
	@snakemake
	@python -m understudy.scoring data/scores/$(SHOT).json
	@echo "Watch        data/shots/$(SHOT).mp4"
	@echo "Compare      data/shots/$(SHOT).comparison.mp4 and .png: performance, swap, true swap"
	@echo "Verify it    make verify FILE=data/shots/$(SHOT).mp4"

announce-demo:
	@echo "demo: two drawn actors, ada's likeness on bo's performance; 3 to 5 minutes on 2 cores of an EPYC server without a GPU, set-up apart"

test: announce-test .venv/complete ## All tests
	@python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

announce-test:
	@echo "test: all tests; 20 to 25 minutes on 2 cores of an EPYC server without a GPU, set-up apart"

nightly: .venv/complete ## 500 random sequences of what people do, and 300 kills, each against a fresh build
	@python -m tests.sequences.nightly $(ARGS)

test-s3: .venv/complete ## Push, clone and pull over S3, with a server of its own; fetches packages
	@tests/remote/s3

test-cluster: .venv/cluster ## Real jobs on a Slurm of its own; as root on Debian 12, not part of make test
	@tests/cluster/slurm start
	@trap 'tests/cluster/slurm stop' EXIT; python -m pytest tests/cluster $(ARGS)

lint: .venv/complete ## ruff, mypy, snakefmt and Snakemake's own lint
	@ruff check .
	@ruff format --check --quiet .
	@mypy
	@snakefmt --check Snakefile understudy/engines/shares.smk
	@python -m understudy.engines.lint

dvc.yaml: .venv/complete FORCE ## Render dvc.yaml from the Snakefile
	@python -m understudy.engines.render

pull: .venv/complete ## Fetch this commit's artifacts from DVC's remote; says whether anything is left to compute
	@python -m understudy.engines.exchange pull $(if $(REMOTE),--remote $(REMOTE))

push: .venv/complete ## Send this commit's artifacts to DVC's remote, once they are as dvc.lock records
	@python -m understudy.engines.exchange push $(if $(REMOTE),--remote $(REMOTE))

reproduce: .venv/complete ## make reproduce COMMIT=... [FRESH=1] [KEEP=1] [INTO=...]: make it again and compare with its dvc.lock
	@python -m understudy.engines.reproduce $(COMMIT) $(if $(FRESH),--fresh) $(if $(KEEP),--keep) \
	    $(if $(INTO),--into $(INTO)) $(if $(PROFILE),--profile $(PROFILE))

compare: .venv/complete ## make compare A=... B=... | REVS="..." | EXPERIMENTS=1: settings, scores and training as one page
	@python -m understudy.engines.compare $(A) $(B) $(REVS) $(if $(EXPERIMENTS),--experiments)

compared: .venv/complete ## make compared [CPU_S=60] [ONLY="driven compact"] [JOBS=2]: train every family for the same CPU time
	@PYTHONPATH=. python -m bench.compared $(if $(CPU_S),--cpu-s $(CPU_S)) $(if $(JOBS),--jobs $(JOBS)) $(ONLY)

grid: .venv/complete ## make grid SET="swapper.seed=1,2 look.light=0.4,0.8": run every combination and compare them
	@dvc exp run --queue $(foreach setting,$(SET),--set-param '$(setting)')
	@PYTHONPATH=. dvc exp run --run-all  # an experiment's own modules, not this checkout's
	@dvc queue status
	@python -m understudy.engines.compare --experiments

accept: .venv/complete ## After dvc checkout or dvc repro: tell Snakemake what the artifacts are
	@python -m understudy.engines.accept

verify: .venv/complete ## make verify FILE=...: is it signed, by whom, what was done, with which consents
	@python -m understudy.provenance $(FILE)

look: .venv/complete ## make look [SWAPPER=data/swapper/ada-bo] [FACE=17]: one face's way through a trained network, as a picture
	@python -m understudy.look --swapper $(or $(SWAPPER),data/swapper/ada-bo) $(if $(CROPS),--crops $(CROPS)) \
	    $(if $(FACE),--face $(FACE)) $(if $(PICTURE),--picture $(PICTURE))

docs: .venv/complete ## Write docs/tables.md, params.md and models.md anew
	@python docs/generate.py

bench: .venv/complete ## Side-by-side measurements, as ratios; after make demo
	@PYTHONPATH=. python bench/cores.py
	@PYTHONPATH=. python bench/shares.py
	@PYTHONPATH=. python bench/processes.py
	@PYTHONPATH=. python bench/size.py

bench-cluster: .venv/complete ## What a thousand clips would take on a hundred nodes, simulated from measured costs
	@PYTHONPATH=. python bench/cluster.py

actors: .venv/complete ## Draw the sample footage again
	@python -m understudy.actors

pretrained: .venv/complete ## Draw a crowd and train compact on it: weights to start from; docs/training.md
	@python -m understudy.pretraining $(ARGS)

lock: .venv/complete ## Pin requirements.in anew; needs uv
	@envs/lock

FORCE:
