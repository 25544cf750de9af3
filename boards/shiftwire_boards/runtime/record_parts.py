"""The parts of a record from JSON values, each checked before anything is built of it."""

from __future__ import annotations

from shiftwire_boards.runtime.energy.result import Energy, Modelled, Unavailable
from shiftwire_boards.runtime.energy.span import Span
from shiftwire_boards.runtime.energy.trace import SensorDescription, SensorKind, Trace
from shiftwire_boards.runtime.errors import RecordError, SensorError
from shiftwire_boards.runtime.inner import Inner
from shiftwire_boards.runtime.json_node import Node
from shiftwire_boards.runtime.record import (
    Accuracy,
    Badge,
    Clock,
    Cycles,
    Exactness,
    Identity,
    LabelError,
    Latency,
    LayerCycles,
    OutputFigures,
    Record,
    Speed,
    TimeSplit,
)


def record_of(node: Node) -> Record:
    """The record; what is derived is left out, and sensors' complaints become the record's."""
    try:
        energy = _energy(node.at("energy"))
        modelled = node.maybe("modelled_energy", lambda part: Modelled(part.number("joules"), part.text("method")))
    except SensorError as error:
        raise RecordError(f"'energy': {error}") from error
    identity, clock, speed = (node.at(key) for key in ("identity", "clock", "speed"))
    return Record(
        Identity(
            identity.text("model"),
            identity.text("version_hash"),
            identity.text("board"),
            identity.choice("badge", Badge),
            identity.choice("inner", Inner),
        ),
        Clock(clock.number("nominal_mhz"), clock.maybe("derived_mhz", Node.real), clock.maybe("source_mhz", Node.real)),
        Speed(
            speed.whole("frames"),
            speed.number("seconds"),
            speed.whole("frames_per_transfer"),
            tuple((time.real(), fps.real()) for time, fps in speed.pairs("over_time")),
        ),
        _cycles(node.at("cycles")),
        _exactness(node),
        energy,
        node.maybe("latency", lambda part: Latency(part.numbers("samples_us"))),
        node.maybe("time_split", lambda p: TimeSplit(p.number("fabric_s"), p.number("dma_s"), p.number("python_s"))),
        _accuracy(node),
        modelled,
        tuple(_layer(item) for item in node.items("layers")),
        tuple((_text(name), _text(version)) for name, version in node.pairs("software")),
        node.texts("notes"),
        _label_error(node),
        tuple(
            OutputFigures(item.text("name"), _exactness(item), _accuracy(item), _label_error(item))
            for item in node.items("outputs")
        ),
    )


def _exactness(node: Node) -> Exactness:
    part = node.at("exactness")
    return Exactness(part.whole("compared"), part.whole("different"))


def _accuracy(node: Node) -> Accuracy | None:
    return node.maybe("accuracy", lambda part: Accuracy(part.whole("correct"), part.whole("total")))


def _label_error(node: Node) -> LabelError | None:
    return node.maybe("label_error", lambda part: LabelError(part.number("rms"), part.number("relative")))


def _cycles(node: Node) -> Cycles:
    return Cycles(
        node.number("frame_foreseen"),
        node.maybe("frame_counted", Node.real),
        node.maybe("latency_foreseen", Node.real),
        node.maybe("latency_counted", Node.real),
    )


def _layer(node: Node) -> LayerCycles:
    return LayerCycles(node.text("name"), node.number("foreseen"), node.maybe("counted", Node.real))


def _text(node: Node) -> str:
    if not isinstance(node.value, str):
        raise node.wrong("a text")
    return node.value


def _energy(node: Node) -> Energy | Unavailable:
    kind = node.text("kind")
    if kind == "unavailable":
        return Unavailable(node.text("reason"), node.wholes("marked_frames"))
    if kind != "measured":
        raise node.at("kind").wrong("measured or unavailable")
    sensor = node.at("sensor")
    description = SensorDescription(
        sensor.text("name"),
        sensor.choice("kind", SensorKind),
        sensor.text("point"),
        sensor.number("most_w"),
        sensor.maybe("step_w", Node.real),
    )
    trace = Trace(description, node.numbers("seconds"), node.numbers("watts"), node.texts("dropped"))
    return Energy(trace, _span(node.at("idle")), tuple(_span(item) for item in node.items("busy")))


def _span(node: Node) -> Span:
    return Span(node.number("start_s"), node.number("end_s"), node.whole("frames"))
