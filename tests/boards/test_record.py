"""Records: what may be said, the file, its schema, and the files that are refused."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import records
from shiftwire_boards.runtime import record as record_module
from shiftwire_boards.runtime.energy.result import Modelled
from shiftwire_boards.runtime.errors import BoardError, RecordError
from shiftwire_boards.runtime.inner import Inner
from shiftwire_boards.runtime.record import Clock, Exactness, Latency, Record, Speed
from shiftwire_boards.runtime.record_json import read_record, record_from_json, record_to_json, write_record

SCHEMA = json.loads((Path(record_module.__file__).parent / "record.schema.json").read_text(encoding="utf-8"))
BOTH = [records.measured(), records.simulated()]
TYPES = {
    "object": dict, "array": list, "string": str, "number": (int, float), "integer": int, "boolean": bool,
    "null": type(None),
}  # fmt: skip
CHECKED = {
    "$schema", "$ref", "$defs", "title", "description", "type", "properties", "required", "additionalProperties",
    "items", "minItems", "maxItems", "minLength", "minimum", "maximum", "exclusiveMinimum", "pattern", "enum",
    "const", "oneOf",
}  # fmt: skip


def faults(value: Any, schema: dict[str, Any], where: str = "record") -> Iterator[str]:
    """What in a value breaks the part of JSON Schema that our schema uses."""
    assert set(schema) <= CHECKED, set(schema) - CHECKED
    if "$ref" in schema:
        yield from faults(value, SCHEMA["$defs"][schema["$ref"].split("/")[-1]], where)
    if "oneOf" in schema and sum(not list(faults(value, one, where)) for one in schema["oneOf"]) != 1:
        yield f"{where} fits none or two"
    if value != schema.get("const", value) or value not in schema.get("enum", [value]):
        yield f"{where} is {value}"
    names = schema.get("type", list(TYPES))
    names = [names] if isinstance(names, str) else names
    if not any(isinstance(value, TYPES[name]) and (name == "boolean") == isinstance(value, bool) for name in names):
        yield f"{where} is no {names}"
    elif isinstance(value, dict):
        yield from faults_of_object(value, schema, where)
    elif isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            yield f"{where} has {len(value)} items"
        for item in value:
            yield from faults(item, schema["items"], f"{where}[]")
    elif isinstance(value, str):
        if len(value) < schema.get("minLength", 0) or not re.search(schema.get("pattern", ""), value):
            yield f"{where} is a wrong text"
    elif value is not None and not isinstance(value, bool):
        fits = schema.get("minimum", value) <= value <= schema.get("maximum", value)
        if not fits or ("exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]):
            yield f"{where} is out of range"


def faults_of_object(value: dict[str, Any], schema: dict[str, Any], where: str) -> Iterator[str]:
    known = schema.get("properties", value)
    yield from (f"{where} lacks {key}" for key in schema.get("required", []) if key not in value)
    if "additionalProperties" in schema:
        yield from (f"{where} has {key}" for key in value if key not in known)
    if "properties" in schema:
        for key in set(known) & set(value):
            yield from faults(value[key], known[key], f"{where}.{key}")


@pytest.mark.parametrize("record", BOTH, ids=["measured", "simulated"])
def test_a_file_gives_the_record_back(record: Record, tmp_path: Path) -> None:
    file = tmp_path / "record.json"
    write_record(record, file)
    assert read_record(file) == record
    assert [path.name for path in tmp_path.iterdir()] == ["record.json"]
    write_record(read_record(file), file)
    first = file.read_bytes()
    write_record(read_record(file), file)
    assert file.read_bytes() == first


def test_any_text_may_stand_in_a_record(tmp_path: Path) -> None:
    odd = replace(records.simulated(), notes=("\x00 \ud800 \u2028 ü €",))
    write_record(odd, tmp_path / "odd.json")
    assert read_record(tmp_path / "odd.json") == odd


def test_which_form_ran(tmp_path: Path) -> None:
    """Older records do not say it: there was but one."""
    record = records.simulated()
    data = record_to_json(record)
    assert data["identity"]["inner"] == "rtl"
    assert record_from_json(changed(data, ("identity", "inner"), KeyError)) == record
    hls = replace(record, identity=replace(record.identity, inner=Inner.HLS))
    assert record_from_json(record_to_json(hls)).identity.inner is Inner.HLS
    with pytest.raises(RecordError, match=r"'identity\.inner' .*hls, rtl"):
        record_from_json(changed(data, ("identity", "inner"), "both"))


@pytest.mark.parametrize("record", BOTH, ids=["measured", "simulated"])
def test_the_schema_knows_every_key(record: Record) -> None:
    assert not list(faults(record_to_json(record), SCHEMA))


def test_the_schema_by_jsonschema() -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed; the structural test stands in")
    for record in BOTH:
        jsonschema.Draft202012Validator(SCHEMA).validate(record_to_json(record))


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where every value of a file lies; of a list the first item alone."""
    if at:
        yield at
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, (*at, key))
    elif isinstance(value, list) and value:
        yield from paths(value[0], (*at, 0))


def changed(data: Any, at: tuple[Any, ...], value: Any) -> Any:
    copy = json.loads(json.dumps(data))
    inner = copy
    for key in at[:-1]:
        inner = inner[key]
    if value is KeyError:
        del inner[at[-1]]
    else:
        inner[at[-1]] = value
    return copy


def place(at: tuple[Any, ...]) -> str:
    return ".".join(map(str, at))


def leaf(at: tuple[Any, ...]) -> Any:
    inner: Any = DATA
    for key in at:
        inner = inner[key]
    return inner


def small() -> dict[str, Any]:
    """A measured record whose trace is short enough to be read hundreds of times."""
    energy = records.energy()
    few = slice(None, None, 10)
    trace = replace(energy.trace, seconds=energy.trace.seconds[few], watts=energy.trace.watts[few])
    record = replace(records.measured(), energy=replace(energy, trace=trace))
    return record_to_json(replace(record, latency=Latency((90.0, 91.0, 95.0))))


DATA = small()
MAY_LACK = {"inner", "label_error", "outputs"}
TEXT_IS_FREE = {"model", "board", "name", "point", "method", "dropped", "notes", "software", "reason"}


@pytest.mark.parametrize("at", list(paths(DATA)), ids=place)
def test_nothing_wrong_gets_through(at: tuple[Any, ...]) -> None:
    """Each value is left out or turned into another type: a record comes of none, nor any other error."""
    for value in (KeyError, {"odd": 1}, [1, "two", None], "odd", 1.5):
        if value is KeyError and (isinstance(at[-1], int) or at[-1] in MAY_LACK):
            continue
        if isinstance(value, str) and TEXT_IS_FREE & set(at):
            continue
        if isinstance(value, float) and isinstance(leaf(at), int | float) and not isinstance(leaf(at), bool):
            continue
        with pytest.raises(RecordError):
            record_from_json(changed(DATA, at, value))


@pytest.mark.parametrize("at", [at for at in paths(DATA) if isinstance(leaf(at), int | float)], ids=place)
def test_a_number_of_any_size_is_refused_or_a_sound_record(at: tuple[Any, ...]) -> None:
    for value in (-1.0, 0, 1e300, 1e-300, 10**400, -(10**400)):
        try:
            record = record_from_json(changed(DATA, at, value))
        except RecordError:
            continue
        assert not list(faults(record_to_json(record), SCHEMA)), value


@pytest.mark.parametrize(
    ("at", "value", "words"),
    [
        (("kind",), "other", 'this is no record: wanted an object with "kind": "shiftwire.record"'),
        (("version",), 2, "found a record of version 2, wanted 1; use the shiftwire of its time"),
        (("identity",), KeyError, "the record lacks 'identity'"),
        (("identity", "badge"), "guessed", "'identity.badge' is 'guessed', wanted one of measured, simulated"),
        (("identity", "badge"), "simulated", "a simulated record has an assumed clock; leave derived_mhz out"),
        (("identity", "version_hash"), "12", "found the version hash '12', wanted 64 hexadecimal digits"),
        (("speed", "frames"), 3.5, "'speed.frames' is '3.5', wanted a whole number"),
        (
            ("speed", "fps"),
            13000.0,
            "record.speed.fps is 13000.0 in the file and 12000 from the rest of it; was it edited?",
        ),
        (("speed", "seconds"), 0, "found seconds = 0; wanted a number above 0"),
        (("energy", "gross_j", "median"), 1e-4, "record.energy.gross_j.median is 0.0001 in the file and"),
        (("energy", "watts", 0), -1.0, "'energy': the trace of sensor 'ina260_u14' holds impossible samples"),
        (("energy", "sensor"), KeyError, "the record lacks 'energy.sensor'"),
        (("energy", "joules"), 1.0, "record.energy has an unknown 'joules'"),
        (("exactness", "different"), 100_001, "found 100001 different of 100000 codes"),
        (("accuracy", "correct"), 10_001, "found 10001 correct of 10000"),
    ],
)
def test_sentences(at: tuple[Any, ...], value: Any, words: str) -> None:
    with pytest.raises(RecordError, match=re.escape(words)):
        record_from_json(changed(DATA, at, value))


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe", b"[1]", b"3", b'{"kind": NaN}', b"[" * 100_000, b"9" * 5000])
def test_files_that_are_no_records(text: bytes, tmp_path: Path) -> None:
    file = tmp_path / "wrong.json"
    file.write_bytes(text)
    with pytest.raises(RecordError, match=r"wrong\.json"):
        read_record(file)
    with pytest.raises(RecordError, match="name one that 'shiftwire measure' wrote"):
        read_record(tmp_path)


def test_what_no_record_says() -> None:
    measured = records.measured()
    with pytest.raises(RecordError, match="a simulation has no sensor; its energy is Unavailable"):
        replace(records.simulated(), energy=measured.energy)
    with pytest.raises(RecordError, match="leave the latency out where none was taken"):
        Latency(())
    with pytest.raises(RecordError, match="rising seconds"):
        Speed(1, 1.0, 1, ((1.0, 5.0), (1.0, 5.0)))
    with pytest.raises(RecordError, match="found nominal_mhz = 0"):
        Clock(0)
    with pytest.raises(BoardError, match="give joules and the model"):
        Modelled(1.0, "")
    assert not Exactness(0, 0).exact


def test_percentiles_by_nearest_rank() -> None:
    latency = Latency(tuple(float(us) for us in range(100, 0, -1)))
    assert [latency.percentile_us(p) for p in (0, 50, 95, 99, 100)] == [1, 50, 95, 99, 100]
    assert Latency((7.0,)).percentile_us(99) == 7
    assert Latency((1.0, 2.0, 3.0)).percentile_us(50) == 2
