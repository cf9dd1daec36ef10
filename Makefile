# One target for each thing to do here; `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.SUFFIXES:
MAKEFLAGS += --no-print-directory

# AOT=0: a quick build that needs the .NET runtime, at the same path.
AOT ?= 1
# What `make bench` measures: layer2, answers, cuts, faults, soak, services or reconciler.
WHAT ?= layer2
# How often `make faults` makes each fault that depends on chance.
ROUNDS ?= 50
# Runs of `make simulate`, over all classes of faults together. WRITE=1 writes docs/reference/faults.md anew.
SEEDS ?= 4000
WRITE ?=
# UPDATE=1: `make demo` also replaces all speakers, as an update does. UNINSTALL=1: it ends with PorterLB taken out of the cluster.
UPDATE ?=
UNINSTALL ?=

export DOTNET_NOLOGO := 1
export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export DOTNET_SKIP_FIRST_TIME_EXPERIENCE := 1

RID := linux-$(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x64)
PRODUCT := $(shell find PorterLB.Operator PorterLB.Reconciler PorterLB.Speaker -name bin -prune -o -name obj -prune -o -type f -print) Directory.Build.props Directory.Packages.props global.json
comma := ,
# The lab makes network namespaces: root, or sudo.
AS_ROOT := $(if $(filter 0,$(shell id -u)),,$(if $(shell command -v sudo),sudo --preserve-env=HOME$(comma)PATH$(comma)PORTERLB_CACHE$(comma)PORTERLB_ROUNDS$(comma)XDG_CACHE_HOME$(comma)KUBEBUILDER_ASSETS$(comma)DOTNET_ROOT,))
LAB := PorterLB.Lab/bin/Release/net10.0/porterlb-lab
BINARY := bin/$(if $(filter 0,$(AOT)),framework-dependent,native)
IMAGE := artifacts/porterlb-image.tar
SHARED_ADDRESS := artifacts/answers/shared-address

.PHONY: help
help: ## What can be made here
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: BINARY := bin/native
demo: ready ## The main job, shown on a real Kubernetes: address, take-over, hand-over; UPDATE=1, UNINSTALL=1: that too
	@$(AS_ROOT) $(LAB) demo $(if $(UPDATE),--update) $(if $(UNINSTALL),--uninstall)

.PHONY: test
test: ready ## Run every test: units, properties, simulator, end to end
	@$(AS_ROOT) $(LAB) install tests
	@scripts/test

.PHONY: build
build: $(BINARY) ## Build bin/porterlb, natively; AOT=0: quickly, needing .NET
	@ls -lh bin/porterlb

.PHONY: image
image: $(IMAGE) ## Write the container image to artifacts/porterlb-image.tar, without a Docker daemon
	@ls -lh $(IMAGE)

.PHONY: manifests
manifests: dotnet ## Write config/ anew from the C# types
	@dotnet run --project PorterLB.Operator -c Release -- generate --output $(CURDIR)/config --reference $(CURDIR)/docs/reference/api.md

.PHONY: lint
lint: dotnet ## Check warnings, format, and that config/ is what the C# types say
	@dotnet build PorterLB.sln -c Release -v q
	@dotnet format PorterLB.sln --no-restore --verify-no-changes
	@dotnet run --project PorterLB.Operator -c Release --no-build -- generate --output $(CURDIR)/config --reference $(CURDIR)/docs/reference/api.md --check

.PHONY: format
format: dotnet ## Format the source
	@dotnet format PorterLB.sln

.PHONY: lab-up
lab-up: lab bin/native ## Start a cluster to play with, PorterLB installed, in the background
	@$(AS_ROOT) $(LAB) up

.PHONY: lab-shell
lab-shell: lab ## A shell in it, with kubectl, on the client beside its nodes
	@$(AS_ROOT) $(LAB) shell

.PHONY: lab-down
lab-down: lab ## End it
	@$(AS_ROOT) $(LAB) down

.PHONY: simulate
simulate: dotnet ## Run simulated clusters: SEEDS=4000 in all, 100000 for a night; WRITE=1: and write docs/reference/faults.md
	@PORTERLB_SEEDS=$(SEEDS) $(if $(WRITE),PORTERLB_WRITE_FAULTS=1) dotnet run --project PorterLB.Tests -c Release -- --filter-class PorterLB.Tests.Simulation.SimulationTests --no-ansi --output Normal

.PHONY: faults
faults: lab $(BINARY) ## Run the API faults of the reconciler: ROUNDS=50 of those that depend on chance
	@dotnet build PorterLB.Tests -c Release -v q --nologo
	@PORTERLB_ROUNDS=$(ROUNDS) $(AS_ROOT) PorterLB.Tests/bin/Release/net10.0/PorterLB.Tests --filter-namespace "PorterLB.Tests.Reconciler.Faults" --parallel none --output Detailed --show-stdout All

.PHONY: bench
bench: lab bin/native $(if $(filter answers,$(WHAT)),$(SHARED_ADDRESS)) ## Measure take-overs and hand-overs; WHAT=answers, cuts, faults, soak, services, reconciler: that
	@[ "$(WHAT)" = answers ] || $(AS_ROOT) $(LAB) measure $(WHAT)
	@[ "$(WHAT)" != answers ] || { dotnet build PorterLB.Tests -c Release -v q --nologo \
	&& $(AS_ROOT) PorterLB.Tests/Benchmarks/arp-answer-time.sh $(SHARED_ADDRESS) \
	&& $(AS_ROOT) env PORTERLB_SHARED_ADDRESS=$(CURDIR)/$(SHARED_ADDRESS) PorterLB.Tests/bin/Release/net10.0/PorterLB.Tests --filter-trait Category=Benchmark --parallel none --output Detailed --show-stdout All; }

# The speaker without Kubernetes, for its answer time beside a C program's.
$(SHARED_ADDRESS): $(PRODUCT) $(wildcard docs/samples/SharedAddress/*.cs*) | bin/native
	@dotnet publish docs/samples/SharedAddress -c Release -r $(RID) -p:PublishAot=true -o artifacts/answers -v q && touch $@

.PHONY: crashes
crashes: lab bin/native ## Kill the managers 200 times while 500 Services are created, changed and deleted
	@dotnet build PorterLB.Tests -c Release -v q
	@PORTERLB_CRASHES=200 PORTERLB_CRASH_SERVICES=500 $(AS_ROOT) PorterLB.Tests/bin/Release/net10.0/PorterLB.Tests --filter-class PorterLB.Tests.EndToEnd.CrashTests --output Detailed --show-stdout All

.PHONY: clean
clean: ## Remove what was built here (the cache in ~/.cache/porterlb stays)
	@rm -rf bin artifacts PorterLB.*/bin PorterLB.*/obj

.PHONY: dotnet
dotnet:
	@command -v dotnet >/dev/null || { echo "The .NET SDK 10 is missing: install it from https://dot.net/download, or with your package manager (dotnet-sdk-10.0)." >&2; exit 1; }

# What takes minutes once, side by side: both have long steps that keep only one processor busy.
.PHONY: ready
ready: lab
	@$(AS_ROOT) $(LAB) install native
	@$(MAKE) -j2 -o lab $(BINARY) kubernetes

.PHONY: kubernetes
kubernetes: lab
	@$(AS_ROOT) $(LAB) kubernetes

.PHONY: lab
lab: dotnet
	@mkdir -p artifacts; dotnet build PorterLB.Lab -c Release -v q >artifacts/lab.log 2>&1 || { cat artifacts/lab.log; exit 1; }

# What bin/porterlb is, as a file: the other kind's file goes when this one comes.
bin/native: $(PRODUCT) | lab
	@echo "Compiling bin/porterlb ahead of time; this takes some minutes."
	@$(AS_ROOT) $(LAB) install native
	@dotnet publish PorterLB.Operator -c Release -r $(RID) -o artifacts/native -v q
	@mkdir -p bin && rm -f bin/framework-dependent && cp artifacts/native/porterlb bin/porterlb.new && mv bin/porterlb.new bin/porterlb && touch $@

bin/framework-dependent: $(PRODUCT) | dotnet
	@dotnet publish PorterLB.Operator -c Release -r $(RID) --self-contained false -p:PublishAot=false -p:PublishSingleFile=true -o artifacts/framework-dependent -v q
	@mkdir -p bin && rm -f bin/native && cp artifacts/framework-dependent/porterlb bin/porterlb.new && mv bin/porterlb.new bin/porterlb && touch $@

$(IMAGE): bin/native | lab
	@mkdir -p artifacts && $(LAB) image $@
