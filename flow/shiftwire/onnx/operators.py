"""What is read from ONNX files, operation by operation: docs/operators.md is generated from these rows.

Every operation that has a reader, and every one that a rewrite turns into those that have, stands here once.
"""

from __future__ import annotations

from shiftwire.onnx.foreign.operator import FOREIGN, MEANINGS, Operator, Place
from shiftwire.onnx.ops.weights.table import KINDS
from shiftwire_hls.quantizers import CONTRACT_DOMAIN, QUANTIZERS, Reading

_GRID = "input on a known grid"
_CONSTANT = "the second input is a constant, one number or one a channel (any that broadcasts on the host)"
_NARROW = "behind codes of at most 10 bits and in front of a quantizer"
_BETWEEN = "in front of a quantizer; not on the host"
_OF_ONE = "; or two functions of the codes of one tensor, of at most 10 bits, and a quantizer behind"
_POINTWISE = "of single numbers and of functions of the codes of one tensor, of at most 10 bits, and a quantizer behind"
_OWN = (CONTRACT_DOMAIN,)

_READINGS: dict[Reading, tuple[str, str]] = {
    Reading.INTEGER: (
        "any scale and offset, 1 to 32 bits, QONNX's rounding modes",
        "one scale a tensor, or one an output of weights, or one a channel where they differ by powers of two; more "
        "than 4,096 levels behind scales, offsets, Relu and Clip alone, as a line within 2**-25 to 2**-20 of its range",
    ),
    Reading.BIPOLAR: ("-1 and 1 times a scale", ""),
    Reading.SIGN: ("-1, 0 and 1", ""),
    Reading.TRUNCATION: ("low bits of codes dropped", "no offset"),
    Reading.GRID: ("Requantize", ""),
    Reading.CODES: ("whole numbers between bounds, of values divided by a scale", ""),
    Reading.SCALED: ("whole numbers of a constant times a scale", ""),
}

OPERATORS: tuple[Operator, ...] = (
    Operator(
        "Conv",
        Place.LAYER,
        "ShiftConv, or IntConv by `--integer-weights multiply`",
        "1d and 2d, any group, stride, pad and dilation (zeros between the taps); weights are quantized constants, or "
        "floats on a 16-bit grid of one power of two; input codes of one scale, or one a channel where they differ by "
        "powers of two; a bias is a constant",
    ),
    Operator(
        "ConvTranspose",
        Place.REWRITTEN,
        "Conv, DepthToSpace or Spread, Slice",
        "1d and 2d, any group, stride, pads and dilation; constant weights as for Conv, a scale along axis 1",
    ),
    Operator(
        "Gemm",
        Place.LAYER,
        "ShiftDense, or IntDense by `--integer-weights multiply`",
        "two axes, transA = 0, weights as for Conv; beta other than 1 with a float constant alone",
    ),
    Operator("MatMul", Place.REWRITTEN, "Gemm", "two axes, the second input a constant as for Conv"),
    Operator("Relu", Place.LAYER, "Relu on exact codes, else part of the next quantizer"),
    Operator(
        "MaxPool",
        Place.LAYER,
        "MaxPool",
        "1d and 2d, no dilation, no indices, pads narrower than the window, no negative factor in front",
    ),
    Operator("GlobalMaxPool", Place.REWRITTEN, "MaxPool of the whole image"),
    Operator(
        "AveragePool",
        Place.LAYER,
        "AveragePool where the area is a power of two, else SumPool and a scale; PartialPool where a part of a window "
        "counts",
        "pads narrower than the window; what it reads is behind no float operation but a scale",
    ),
    Operator("GlobalAveragePool", Place.LAYER, "as AveragePool"),
    Operator("ReduceMax", Place.REWRITTEN, "MaxPool, and Flatten without keepdims", "over all spatial axes"),
    Operator("ReduceMean", Place.REWRITTEN, "GlobalAveragePool, and Flatten without keepdims", "over all spatial axes"),
    Operator(
        "Add",
        Place.LAYER,
        "Add of two tensors, or what waits",
        "two computed tensors of one scale up to a power of two a tensor, or of any two scales where a quantizer "
        "follows, with at most Relu, Clip and constants between (20 bits of codes together); " + _CONSTANT + _OF_ONE,
    ),
    Operator("Sub", Place.REWRITTEN, "Add, behind a factor of -1 where both are computed", "as Add"),
    Operator("Concat", Place.LAYER, "Concat", "along the channels (axis 1)"),
    Operator("Pad", Place.LAYER, "Pad, Upsample by the edge, or pads of the next window", "0 or the edge, no channels"),
    Operator(
        "Resize",
        Place.LAYER,
        "Upsample, and a ShiftConv of powers of two where it is linear",
        "nearest, by whole factors, pixels repeated side by side; linear, by powers of two, half_pixel or asymmetric; "
        "in any way along axes of one pixel, which are copies of it",
    ),
    Operator("Expand", Place.REWRITTEN, "Resize to the nearest", "of height and width of one pixel"),
    Operator("Upsample", Place.LAYER, "as Resize", "as Resize, asymmetric"),
    Operator(
        "Slice",
        Place.LAYER,
        "Crop, or Select where channels between are left out",
        "not of the batch; height and width by steps of 1; constant starts, ends, axes and steps",
    ),
    Operator("Split", Place.REWRITTEN, "a Slice for each output", "as Slice; constant sizes"),
    Operator(
        "Gather",
        Place.LAYER,
        "Select, or a Slice of one place",
        "a constant list of channels (axis 1), at most as many as there are; one place of any axis of an image",
    ),
    Operator(
        "DepthToSpace",
        Place.LAYER,
        "DepthToSpace",
        "both modes; channels that meet have one scale where anything but the host follows; also spelled as Reshape, "
        "Transpose, Reshape",
    ),
    Operator("SpaceToDepth", Place.LAYER, "SpaceToDepth", "also spelled as Reshape, Transpose, Reshape"),
    Operator("Flatten", Place.MOVE, "nothing: the next weights are permuted", "axis = 1"),
    Operator(
        "Reshape",
        Place.MOVE,
        "a flatten, Unflatten, or the host's",
        "the batch stays axis 0; one that is no flatten permutes the rows of dense weights in front or holds an image, "
        "is the host's in front of the first layer or behind the last, "
        "puts in and takes away an axis of one element round convolutions, or is part of a channel shuffle (Select), "
        "DepthToSpace or SpaceToDepth",
    ),
    *(Operator(name, Place.REWRITTEN, "Reshape") for name in ("Squeeze", "Unsqueeze")),
    Operator(
        "Transpose",
        Place.MOVE,
        "nothing where it meets its inverse, weights in another order, else the host's",
        "the batch stays axis 0; in front of the first layer, behind the last, undone by another, or part of a shuffle "
        "as in Reshape",
    ),
    Operator("Identity", Place.MOVE, "nothing"),
    Operator("Dropout", Place.REWRITTEN, "nothing"),
    Operator(
        "Cast", Place.REWRITTEN, "nothing", "to float, to truths of truths, or of rounded values to an integer type"
    ),
    Operator("Constant", Place.REWRITTEN, "an initialiser"),
    Operator(
        "Mul",
        Place.WAITS,
        "a factor; of two functions of one tensor, part of a table; of two tensors, Multiply: by multipliers",
        _CONSTANT + _OF_ONE + "; or two quantized tensors of one shape, or an image and one factor a channel",
    ),
    Operator(
        "Div",
        Place.WAITS,
        "a divisor; of two functions of one tensor, part of a table",
        _CONSTANT + ", not 0" + _OF_ONE,
    ),
    Operator("Neg", Place.REWRITTEN, "Mul by -1"),
    Operator("BatchNormalization", Place.WAITS, "a factor and an offset", "inference form, constant statistics"),
    Operator("Clip", Place.WAITS, "bounds", "single numbers"),
    Operator("Max", Place.REWRITTEN, "Relu or Clip", "of a tensor and a single number"),
    Operator("Min", Place.REWRITTEN, "Clip", "of a tensor and a single number"),
    Operator(
        "Round",
        Place.WAITS,
        "a rounding that makes a grid of its own",
        "behind it stand bounds, factors, offsets of whole steps",
    ),
    *(Operator(name, Place.WAITS, "as Round") for name in ("Floor", "Ceil")),
    Operator("LeakyRelu", Place.WAITS, "a bend; a table where alpha is negative"),
    Operator("PRelu", Place.WAITS, "a bend; a table where a slope is negative", "one slope or one a channel"),
    Operator("HardSigmoid", Place.WAITS, "a factor, an offset and bounds", "alpha above 0"),
    *(Operator(name, Place.WAITS, "a curve that rises") for name in ("Sigmoid", "Tanh")),
    *(
        Operator(name, Place.WAITS, "a curve that rises", _BETWEEN)
        for name in ("Celu", "Elu", "Erf", "Exp", "Selu", "Softplus", "Softsign")
    ),
    *(
        Operator(name, Place.TABLE, "Lookup", _NARROW)
        for name in ("Abs", "Gelu", "HardSwish", "Mish", "Reciprocal", "Swish")
    ),
    Operator("Pow", Place.TABLE, "Lookup", _NARROW + "; the exponent is one constant number"),
    *(Operator(name, Place.TABLE, "Lookup", _NARROW) for name in ("Log", "Sqrt")),
    *(
        Operator(name, Place.TABLE, "part of a Lookup", _POINTWISE)
        for name in ("And", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Not", "Or", "Where", "Xor")
    ),
    Operator("Softmax", Place.HOST, "its values"),
    Operator("LogSoftmax", Place.HOST, "its values"),
    Operator("ArgMax", Place.HOST, "indices", "the first of equals"),
    Operator("TopK", Place.HOST, "indices", "the largest; the graph gives the indices alone"),
    *(
        Operator(quantizer.name, Place.QUANTIZER, *_READINGS[quantizer.reading], quantizer.domains)
        for quantizer in QUANTIZERS
        if quantizer.is_read
    ),
    *FOREIGN,
    *(
        Operator(
            f"{scheme}{form}",
            Place.LAYER,
            f"{scheme}{form}",
            "the contract, docs/onnx.md",
            _OWN,
        )
        for scheme in KINDS
        for form in ("Conv", "Dense")
    ),
    *(Operator(name, Place.LAYER, name, "", _OWN) for name in ("Affine", "PartialPool", "Spread", "Threshold")),
    Operator("Lookup", Place.LAYER, "Lookup", "input codes of at most 10 bits", _OWN),
)
"""All that convert reads."""

FORMS = {key: row.restrictions or row.becomes for row in OPERATORS for key in row.keys}
"""The forms in which an operation is read."""

SHAPES = ("Shape", "Gather", "ConstantOfShape", "Slice", "Range", "Expand", "Where", "Equal", "Cast", "Concat", "Mul")
"""What is computed of shapes and constants alone is computed at conversion, whatever the operation."""


def page() -> str:
    """docs/operators.md."""
    lines = [
        "# What is read from ONNX",
        "",
        "Generated from the table of readers, `flow/shiftwire/onnx/operators.py`; a test keeps both alike. Opsets from",
        "9 to the newest that ONNX's converter knows are read, with or without an import of QONNX's domains. What",
        f"depends on constants and static shapes alone ({', '.join(SHAPES)}, ...)",
        "is computed at conversion.",
        "`convert` wants every weight and every tensor between two layers quantized, `quantize` takes the same in",
        "float. All engines run all of them: reference, csim, csim --native and --bounded, Verilator, boards.",
        "",
        *(f"* **{place.value}**: {meaning}." for place, meaning in MEANINGS.items()),
        "",
        "| operation | domain | where | becomes | restrictions | since |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in OPERATORS:
        domains = ", ".join(domain or "ONNX" for domain in row.domains)
        lines.append(
            f"| {row.name} | {domains} | {row.place.value} | {row.becomes} | {row.restrictions} | {row.since} |"
        )
    return "\n".join(lines) + "\n"
