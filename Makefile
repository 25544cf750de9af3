# shiftwire: `make` alone explains the targets.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
JOBS ?= 2
SCRIPT := PYTHONPATH=tests/support:tests/ops:tests/mutation:tests/benchmarks $(BIN)/python

.DEFAULT_GOAL := help
.PHONY: help demo test test-all lint types docs check check-all fuzz mutants mutants-some pynq4 images bench bench-page bench-large bench-before bench-reference zoo study clean
.PHONY: campaign-zoo campaign-quantize campaign-fuzz campaign-mutation campaign-structure campaign-latency campaign-files campaign-int8 campaign-native campaign-families campaign-exchange campaign-explore campaign-light-pes families-page pareto pareto-page characterise campaign-netlists

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "found $$($(PYTHON) --version), wanted Python 3.11 or later; set PYTHON=python3.11"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train,rtl,board,explore,protocol,dev]'
	touch $@

demo: $(READY) ## train on digits, convert for pynq-z2, C-simulate, compare every engine
	$(BIN)/shiftwire demo -o build

test: $(READY) ## tests of every room, engine and layer, in minutes on two cores
	$(BIN)/python -m pytest -q -n $(JOBS) -m 'not slow and not whole' --durations 15

test-all: $(READY) ## the whole test suite
	$(BIN)/python -m pytest -q -n $(JOBS) -m 'not slow' --durations 15

lint: $(READY) ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) ## mypy --strict on the four packages
	$(BIN)/mypy

$(VENV)/.docs: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	touch $@

docs: $(VENV)/.docs ## the pages of docs/ in build/docs; every warning is an error
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going --nitpicky docs build/docs

check: lint types test ## what must be green before a commit
check-all: lint types test-all ## what must be green before a release

# A campaign goes on where it was stopped: what is done at a commit is in build/campaigns/NAME.json.
fuzz: campaign-fuzz
campaign-fuzz: $(READY) ## 300 random networks through every engine, the slow tests too
	$(SCRIPT) tests/campaigns/fuzz.py -n $(JOBS)

campaign-mutation: $(READY) ## 300 mutants a room by mutmut, through the fast tests; hours
	$(BIN)/python tests/campaigns/mutation.py

mutants: $(READY) ## break the kernels, the SystemVerilog and the flow; every mutant must turn a test red
	$(SCRIPT) tests/mutation/mutants.py

mutants-some: $(READY) ## an eighteenth of them, others at every commit
	$(SCRIPT) tests/mutation/mutants.py --one-in 18

bench: $(READY) ## measure C-simulation and training against their peers; results go to tests/benchmarks/results
	$(SCRIPT) tests/benchmarks/bench_csim.py
	$(SCRIPT) tests/benchmarks/bench_native.py
	$(SCRIPT) tests/benchmarks/bench_lanes.py
	$(SCRIPT) tests/benchmarks/bench_cores.py
	$(SCRIPT) tests/benchmarks/bench_energy.py
	$(SCRIPT) tests/benchmarks/bench_training.py
	$(SCRIPT) tests/benchmarks/bench_pe.py --quick
	$(SCRIPT) tests/benchmarks/bench_activity.py
	$(SCRIPT) tests/benchmarks/bench_unrolled.py
	$(SCRIPT) tests/benchmarks/bench_rtl.py build/digits.onnx=20000
	$(SCRIPT) tests/benchmarks/bench_board.py
	$(SCRIPT) tests/benchmarks/bench_training.py --flightnn

bench-page: $(READY) ## write BENCHMARKS.md from the results of the benches
	$(SCRIPT) tests/benchmarks/page.py

PYNQ4 := .venv-pynq4
$(PYNQ4)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(PYNQ4)
	$(PYNQ4)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[rtl]' \
	  pynq==4.0.0 'pycparser<3' 'setuptools<81' pytest pytest-timeout pytest-xdist hypothesis
	touch $@

pynq4: $(PYNQ4)/.ready ## the runtime on simulated boards under PYNQ 4, in an environment of its own
	$(PYNQ4)/bin/python -m pytest -q -n $(JOBS) tests/board/test_board_every.py tests/board/test_board.py \
	  tests/board/test_board_faults.py tests/board/test_board_files.py tests/board/test_board_identity.py

images: $(READY) ## the runtime under Python 3.8, 3.10 and 3.12 with a pynq and a numpy of their time
	$(SCRIPT) tests/campaigns/images.py

BENCH ?= build/zoo/resnet8.onnx=6000 build/zoo/resnet8-shiftadd.onnx=3500 build/zoo/resnet20-adder.onnx=2000
bench-large: $(READY) ## count LeNet to ResNet-20 as SystemVerilog, int8 and int4 beside them, folds of the zoo; BENCH=file=fps ...
	$(SCRIPT) tests/benchmarks/bench_rtl.py $(BENCH) --result networks
	$(SCRIPT) tests/benchmarks/bench_kernels.py
	$(SCRIPT) tests/benchmarks/bench_folds.py
	$(SCRIPT) tests/benchmarks/bench_predict.py

zoo: campaign-zoo
campaign-zoo: $(READY) ## nine networks through every engine, at three folds
	$(SCRIPT) tests/campaigns/zoo.py -o build/zoo

campaign-latency: $(READY) ## networks in which ways meet again, behind pipelines of every latency
	$(SCRIPT) tests/campaigns/latency.py -o build/zoo

campaign-int8: $(READY) ## MLPerf Tiny's four shapes, quantized by onnxruntime, to SystemVerilog; apt-get install dataset-fashion-mnist
	$(SCRIPT) tests/campaigns/int8.py -o build/int8

characterise: $(READY) ## count our units by yosys, fit the models of predict, print their errors; some two hours
	$(SCRIPT) tests/campaigns/characterise.py

campaign-netlists: $(READY) ## the zoo's nets by yosys beside what models say of them; some hours
	$(SCRIPT) tests/campaigns/netlists.py -o build/zoo

campaign-explore: $(READY) ## searches through a trained LeNet: killed, farmed, beside random ones; apt-get install dataset-fashion-mnist
	$(SCRIPT) tests/campaigns/explore.py -o build/explore

campaign-light-pes: $(READY) ## lanes a LUT of each kind of weights, by yosys, for docs/light_pes.md
	$(SCRIPT) tests/campaigns/light_pes.py

campaign-families: $(READY) ## every family of the papers on one net for Fashion-MNIST; apt-get install dataset-fashion-mnist
	$(SCRIPT) tests/campaigns/families.py -o build/families

campaign-exchange: $(READY) ## SmartExchange on a trained ResNet-20, beside sums of powers of two and integers
	$(SCRIPT) tests/campaigns/exchange.py

families-page: $(READY) ## write docs/families.md from the results of both
	$(SCRIPT) tests/campaigns/families_page.py --take

pareto: $(READY) ## does it pay? every family trained on two sets of pictures, its netlists at two speeds; hours
	$(SCRIPT) tests/campaigns/pareto.py -o build/pareto

pareto-page: $(READY) ## write docs/does_it_pay.md from its results
	$(SCRIPT) tests/campaigns/pareto_page.py --take

campaign-native: $(READY) ## native simulation of 300 random networks and the zoo under every set of instructions
	$(SCRIPT) tests/campaigns/native.py -o build/zoo

campaign-structure: $(READY) ## every unit of those networks as an HLS compiler must find it; needs clang and llvm
	$(SCRIPT) tests/campaigns/structure.py -o build/zoo

campaign-files: $(READY) ## 2,500 random files of the operations that are read, 2,500 with others
	$(SCRIPT) tests/campaigns/files.py

COMMIT ?= HEAD~1
BEFORE ?= build/zoo/lenet5.onnx build/zoo/resnet8.onnx build/zoo/resnet20-adder.onnx
bench-before: $(READY) ## C-simulation at an earlier commit and now, in turns; COMMIT=..., BEFORE=files of `make campaign-zoo`
	$(SCRIPT) tests/benchmarks/bench_before.py $(COMMIT) $(BEFORE)

REFERENCE ?= build/zoo/addernet_float.onnx build/zoo/resnet20-adder.onnx build/zoo/resnet20-shift.onnx
bench-reference: $(READY) ## processor time of the reference and of quantize at an earlier commit and now; COMMIT=..., REFERENCE=files
	$(SCRIPT) tests/benchmarks/bench_reference.py $(COMMIT) $(REFERENCE)

NETS ?= build/zoo
study: campaign-quantize
campaign-quantize: $(READY) ## what quantizing trained float nets costs; NETS=folder of float files and samples
	$(SCRIPT) tests/campaigns/study_quantize.py $(NETS)

clean: ## remove what was built, keep .venv
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache
