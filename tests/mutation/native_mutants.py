"""One wrong line each in what native simulations do with codes in registers."""

from mutant import Mutant

FUSED, SEEN = "sw_fused.h", ("tests/native/test_fused.py::test_a_fifo_has_the_places_of_those_that_are_no_more",)

NATIVE_MUTANTS = (
    Mutant("fused: first fold alone", FUSED, "? 0 : fold + 1", "? 0 : fold"),
    Mutant("fused: stages behind the first stay at a fold", FUSED, "        rest::step(next);\n", ""),
    Mutant("fused: codes of one lane", FUSED, "code(beat[l], l);\n        step", "code(beat[l], 0);\n        step"),
    Mutant("fused: codes of one lane are logged", FUSED, "(beat[l], l);\n        rest", "(beat[l], 0);\n        rest"),
    Mutant("fused: the first FIFO alone is logged", FUSED, "        rest::watch(next, made);\n", ""),
    Mutant(
        "fused: the second reader's codes are the first's",
        FUSED,
        "value_type(beat[l]);\n        }",
        "value_type(beat[0]);\n        }",
    ),
    Mutant("fused: room for the first reader alone", FUSED, "        b.make_room();\n", "", SEEN),
)

DEPTH_MUTANTS = (
    Mutant("fused: as shallow as what is behind", "native/fusion.py", "needed[stage.inputs[0]] + 1 + ", "", SEEN),
)
