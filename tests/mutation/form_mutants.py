"""One wrong line each in forms of layers and in what native simulations make of weights, with tests that see it."""

from mutant import Mutant

SUMS, CHOICE = "passes/forms/factored_sums.py", "passes/forms/factor_choice.py"
SEEN = ("tests/passes/test_factored_sums.py",)
BLOCKS = ("tests/explore/test_front_dsp.py",)

FORM_MUTANTS = (
    Mutant("factors: bases by columns", SUMS, "factors.basis[:, 0].swapaxes(1, 2)", "factors.basis[:, 0]", SEEN),
    Mutant("factors: sums along rows", SUMS, "_along(window, 0))", "_along(window, 1))", SEEN),
    Mutant("factors: a bias twice", SUMS, "Bias.none(SIDE * len(bases))", "Bias(op.bias.codes.repeat(3), 6)", SEEN),
    Mutant("factors: pads of the other axis", SUMS, "part(window.begin, 0)", "part(window.begin[::-1], 0)", SEEN),
    Mutant("factors: the dearer form", CHOICE, "self.weights is None or", "True or", SEEN),
    Mutant("factors: folds that are named", CHOICE, "and node.name not in folds", "", SEEN),
    Mutant(
        "native: signs without their grid",
        "native/host.py",
        "Int(weights.codes, weights.grid)",
        "Int(-weights.codes, weights.grid)",
        ("tests/verify/test_families.py::test_native[range(10, 20)]",),
    ),
    Mutant(
        "front: what blocks save makes no room", "explore/front.py", "need.lut - spared.lut <=", "need.lut <=", BLOCKS
    ),
    Mutant(
        "front: no larger folds for blocks",
        "explore/front.py",
        "(MOST_SAVED * self.board.dsp if adds else 0)",
        "0",
        BLOCKS,
    ),
    Mutant("front: points as they are are left out", "explore/front.py", "if plain[0].fits:", "if False:", BLOCKS),
    Mutant("front: equal points are both kept", "explore/front.py", "each != own or other < at", "each != own", BLOCKS),
    Mutant(
        "lowering: a board's last block stays empty",
        "schedule/lowering.py",
        "if total + size <= most",
        "if total + size < most",
        ("tests/schedule/test_lowering.py",),
    ),
    Mutant(
        "advice: numbers out of range",
        "quantize/methods/rules.py",
        "self.least <= value <= self.most",
        "value <= self.most",
        ("tests/quantize/test_circulant.py::test_advice_tries_smaller_blocks_down_to_two",),
    ),
)
