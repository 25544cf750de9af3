"""One wrong line each in the flow, with the fast tests that see it."""

from mutant import Mutant

REWRITES = (
    "tests/onnx/test_canonical.py::test_spellings_by_hand",
    "tests/onnx/test_canonical.py::test_every_rewrite_is_needed_in_its_place",
)

PYTHON_MUTANTS = (
    Mutant("search: the first design that fits", "schedule/design.py", "best, high = design, middle - 1",
           "return design", ("tests/schedule/test_search.py",)),
    Mutant("latency: six cycles more a unit", "schedule/timing.py", "waits.time(times.writes))",
           "waits.time(times.writes) + 6)", ("tests/schedule/test_latency.py",)),
    Mutant("depths: beside another way beats come late", "schedule/timing.py",
           "places = there if is_only_way else taken[name]", "places = there", ("tests/schedule/test_fifos.py",)),
    Mutant("depths: for the latency that units state alone", "schedule/timing.py",
           "max(unit.hls_latency, HELD_LATENCY)) for", "unit.hls_latency) for", ("tests/schedule/test_fifos.py",)),
    Mutant("folds: words of 4,096 bits are too wide", "schedule/fold_choice.py", "choice.widest <= HLS_BITS",
           "choice.widest < HLS_BITS", ("tests/schedule/test_fold_choice.py",)),
    Mutant("speed: the best that fits has no drain", "schedule/design.py", "floor(target.speed(slower))",
           "floor(slower.frames_per_second)", ("tests/schedule/test_design.py",)),
    Mutant("minima: weights are paid twice", "ops/weights/adder.py", "span, -weights)", "span, -2 * weights)",
           ("tests/ops/test_weights.py",)),
    Mutant("staircases: a bound of the next stage", "ops/threshold.py", "half - 1 :: 2 * half", "half :: 2 * half",
           ("tests/units/test_tables.py",)),
    Mutant("line buffers cost no block RAM", "units/window.py", "self.taps.count * buffer.bram36", "0",
           ("tests/units/test_window.py",)),
    Mutant("no memory costs block RAM", "ir/cost.py", "return Cost(bram36=blocks(words, bits))", "return Cost()",
           ("tests/ir/test_cost.py",)),
    Mutant("passes: weights are not clipped", "passes/pipeline.py", "    clip_adder_weights,\n", "",
           ("tests/passes/test_pipeline.py",)),
    Mutant("distances: weights have no bound", "numbers/interval.py", " + float(np.abs(weights).max(initial=0)))", ")",
           ("tests/numbers/test_interval.py",)),
    Mutant("distances: float32 beyond 2**24", "numbers/interval.py", "2.0**24", "2.0**25",
           ("tests/numbers/test_interval.py",)),
    Mutant("speed: of one process alone", "verify/comparison.py", "timed * engine.workers", "timed",
           ("tests/verify/test_comparison.py",)),
    Mutant("rewrites: flattens unified once", "onnx/canonical/pipeline.py", "    merge_biases,\n    unify_flattens,\n",
           "    merge_biases,\n", REWRITES),
    Mutant("rewrites: flattens unified three times", "onnx/canonical/pipeline.py", "    unify_gemms,\n",
           "    unify_gemms,\n    unify_flattens,\n", REWRITES),
    Mutant("ROMs: blocks that save little", "schedule/roms.py", "LEAST_LUT = 32", "LEAST_LUT = 31",
           ("tests/schedule/test_roms.py",)),
    Mutant("ROMs: at more than they are worth", "schedule/roms.py", "rom.worth >= LEAST_LUT", "rom.worth > LEAST_LUT",
           ("tests/schedule/test_roms.py",)),
    Mutant("accumulators: no guard where sums move", "numbers/interval.py", "        require_width(reach)\n", "",
           ("tests/numbers/test_interval.py",)),
)  # fmt: skip
