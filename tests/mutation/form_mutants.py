"""One wrong line each in forms of layers and in what native simulations make of weights, with tests that see it."""

from mutant import Mutant

SUMS, CHOICE = "passes/forms/factored_sums.py", "passes/forms/factor_choice.py"
SEEN = ("tests/passes/test_factored_sums.py",)

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
)
