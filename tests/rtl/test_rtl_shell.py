"""The AXI shell in simulation: every code, TLAST, register and error flag, with random stalls on every channel."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shell_bench import OFFSETS, Answers, Script
from shell_cases import CASES, even
from shiftwire.errors import InputError
from shiftwire.numbers.fixed import Fixed
from shiftwire.rtl.axi_stream import container_for
from shiftwire.rtl.files import MODULES
from shiftwire.rtl.registers import ADDRESS_BITS, IDENTITY, INTERFACE, REGISTERS, Access
from shiftwire.rtl.shell import TOP
from shiftwire.tools.verilator import lint

OKAY = 0
EARLY, LATE, NULL = 1, 2, 4
STALLS = ((0, 0, 0), (50, 50, 50), (85, 0, 20), (0, 85, 80))


@pytest.mark.parametrize("name", CASES)
def test_tops_are_clean_and_synthesisable(name: str, tmp_path: Path) -> None:
    sources = CASES[name].files(tmp_path)
    lint(sources, TOP)
    script = [f"read_verilog -sv -defer {source}" for source in sources]
    script += [f"hierarchy -check -top {TOP}", "proc", "opt", "memory -nomap", "opt", "check -assert"]
    program = "from pyosys import libyosys as y; d = y.Design(); [y.run_pass(line, d) for line in SCRIPT]"
    command = [sys.executable, "-c", program.replace("SCRIPT", repr(script))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr


@pytest.mark.parametrize("name", CASES)
def test_transfers_of_any_length(name: str, cpp_folder: Path, count: Any) -> None:
    """The length is rewritten while earlier transfers are still inside."""
    case = CASES[name]
    lengths = (1, 2, 64, 3, 1, 1, 5)
    codes = case.codes(sum(lengths), 1)
    ends = np.cumsum(lengths)
    for seed, stalls in enumerate(STALLS):
        script = Script(case)
        script.say("stall {} {} {}".format(*stalls))
        for end, length in zip(ends, lengths, strict=True):
            script.write("frames_per_transfer", length)
            script.send(codes[end - length : end])
            script.say("sent")
        script.receive(len(codes))
        script.say("wait 50")
        script.read("frames_in", "frames_out", "errors", "status")
        answers = script.play(cpp_folder, seed)
        found = answers.codes()
        assert np.array_equal(found, case.expected(codes))
        assert last_frames(answers) == ends.tolist()
        assert answers.left == 0
        assert [data for data, _ in answers.reads] == [len(codes), len(codes), 0, 1]
        count(shell_codes=found.size)


def last_frames(answers: Answers) -> list[int]:
    """Numbers of frames, from 1, whose last word bore TLAST; fails for one within a frame."""
    words = answers.case.shell.output.words
    marked = [at for at, word in enumerate(answers.words) if word.last]
    assert all(at % words == words - 1 for at in marked)
    return [at // words + 1 for at in marked]


@pytest.mark.parametrize("name", sorted(set(CASES) - {"reduced"}))
def test_busier_side_never_waits(name: str, cpp_folder: Path) -> None:
    """Without stalls a frame takes as many cycles as its busiest port has words or beats."""
    case = CASES[name]
    read, written = case.shell.input, case.shell.output
    codes = case.codes(40, 2)
    script = Script(case)
    script.write("frames_per_transfer", len(codes))
    script.send(codes)
    script.receive(len(codes))
    script.say("sent")
    script.read("interval")
    answers = script.play(cpp_folder, 0)
    cycles = [word.cycle for word in answers.words][written.words - 1 :: written.words]
    busiest = max(read.words, read.beats, written.beats, written.words)
    assert cycles[-1] - cycles[-21] == 20 * busiest
    assert answers.reads == [(cycles[-1] - cycles[-2], OKAY)]


def test_counters(cpp_folder: Path) -> None:
    case = CASES["odd words"]
    codes = case.codes(3, 3)
    script = Script(case)
    for at in range(3):
        script.send(codes[at : at + 1])
        script.receive(1)
        script.say("sent")
        script.read("latency", "interval", "cycles_low", "cycles_high")
    answers = script.play(cpp_folder, 0)
    words_in, words_out = case.shell.input.words, case.shell.output.words
    first = answers.sent[::words_in]
    last = [word.cycle for word in answers.words][words_out - 1 :: words_out]
    reads = [data for data, _ in answers.reads]
    assert reads[0::4] == [end - start for start, end in zip(first, last, strict=True)]
    assert reads[1::4] == [0, last[1] - last[0], last[2] - last[1]]
    assert last[1] - last[0] - 10 < reads[6] - reads[2] < last[1] - last[0] + 10
    assert reads[3::4] == [0, 0, 0]


@pytest.mark.parametrize("name", ["aligned", "broken containers", "one word"])
@pytest.mark.parametrize("last", [None, 0, 3, "frame"])
def test_tlast_is_checked_and_a_reset_mends(name: str, last: int | str | None, cpp_folder: Path) -> None:
    """Frames are counted all the same; after a soft reset, even in the midst of a frame, the next transfer is right."""
    case = CASES[name]
    words, frames = case.shell.input.words, 4
    at = words - 1 if last == "frame" else last
    codes = case.codes(frames, 4)
    for seed, stalls in enumerate(STALLS):
        script = Script(case)
        script.say("stall {} {} {}".format(*stalls))
        script.write("frames_per_transfer", frames)
        script.send(codes, at if at is None else int(at))
        script.receive(frames)
        script.read("errors")
        script.write("errors", LATE, 0xE)  # no strobe for its byte
        script.read("errors")
        script.write("errors", LATE)
        script.read("errors")
        # half a frame of the next transfer gets stuck
        script.send(codes[:1], None)
        script.say("wait 40")
        script.say("resetting 1")
        script.write("control", 1)
        script.send(codes, None)  # thrown away
        script.say("sent")
        script.say("drop")
        script.write("errors", 7)
        script.write("control", 0)
        script.say("wait 40")
        script.say("resetting 0")
        script.read("errors", "status", "frames_in", "frames_out", "frames_per_transfer")
        script.send(codes[::-1])
        script.receive(frames)
        script.read("errors")
        answers = script.play(cpp_folder, 10 + seed)
        flagged = LATE | (EARLY if at is not None and at != frames * words - 1 else 0)
        if at == frames * words - 1:
            flagged = 0
        reads = [data for data, _ in answers.reads]
        assert reads == [flagged, flagged, flagged & ~LATE, 0, 1, 0, 0, frames, 0]
        assert np.array_equal(answers.codes(), case.expected(np.concatenate([codes, codes[::-1]])))
        assert last_frames(answers) == [frames, 2 * frames]


def test_null_bytes_are_flagged(cpp_folder: Path) -> None:
    case = CASES["aligned"]
    script = Script(case)
    script.word(bytes(8), last=False)
    script.word(bytes(8), last=True, keep=0x7F)
    script.receive(1)
    script.read("errors")
    assert script.play(cpp_folder, 20).reads == [(NULL, OKAY)]


def test_latency_is_that_of_a_lone_frame(cpp_folder: Path) -> None:
    """Frames behind the first of a transfer find company; theirs is no latency."""
    case = CASES["odd words"]
    script = Script(case)
    script.write("frames_per_transfer", 5)
    script.send(case.codes(5, 6))
    script.receive(5)
    script.say("sent")
    script.read("latency")
    answers = script.play(cpp_folder, 24)
    first_out = answers.words[case.shell.output.words - 1].cycle
    assert answers.reads == [(first_out - answers.sent[0], OKAY)]


def test_errors_are_not_lost_to_a_clear(cpp_folder: Path) -> None:
    """A flag rises in the very cycle in which another one is cleared, sooner or later."""
    case = CASES["deep"]
    script = Script(case)
    script.say("stall 70 0 0")
    for _ in range(60):
        script.word(bytes(1), last=True, keep=0)
        for _ in range(3):
            script.write("errors", LATE)
        script.say("sent")
        script.read("errors")
        script.write("errors", NULL)
    answers = script.play(cpp_folder, 22)
    assert [data for data, _ in answers.reads] == [NULL] * 60


def test_writes_wait_for_answers_to_be_taken(cpp_folder: Path) -> None:
    script = Script(CASES["aligned"])
    script.say("stall 0 0 80")
    for at in range(40):
        script.post(OFFSETS["frames_per_transfer"] if at % 2 else 0x100, at)
    script.say("answers 40")
    script.read("frames_per_transfer")
    answers = script.play(cpp_folder, 23)
    assert answers.writes == [OKAY] * 40
    assert answers.reads == [(39, OKAY)]


def test_reads_wait_for_replies_to_be_taken(cpp_folder: Path) -> None:
    script = Script(CASES["aligned"])
    script.say("stall 0 0 80")
    for at in range(40):
        script.ask(OFFSETS["identity"] if at % 2 else OFFSETS["interface"])
    script.say("replies 40")
    assert script.play(cpp_folder, 25).reads == [(INTERFACE, OKAY), (IDENTITY, OKAY)] * 20


def test_many_short_transfers_wait_for_their_turn(cpp_folder: Path) -> None:
    """More transfers than the queue of lengths holds enter before the first one leaves."""
    case = CASES["deep"]
    codes = case.codes(60, 5)
    script = Script(case)
    script.say("stall 0 100 0")
    for frame in codes:
        script.send(frame[None])
    script.say("wait 200")
    script.say("stall 0 0 0")
    script.receive(60)
    answers = script.play(cpp_folder, 21)
    assert np.array_equal(answers.codes(), case.expected(codes))
    assert last_frames(answers) == list(range(1, 61))


@pytest.mark.parametrize("stall", [0, 50, 80])
def test_registers_are_those_of_the_map(stall: int, cpp_folder: Path) -> None:
    case = CASES["aligned"]
    script = Script(case)
    script.say(f"stall 0 0 {stall}")
    names = [known.name for known in REGISTERS]
    script.read(*names)
    for known in REGISTERS:
        if known.access is Access.READ_ONLY:
            script.write(known.name, 0xFFFFFFFF)
    script.write("frames_per_transfer", 0x04030201)
    for lane in range(4):
        script.write("frames_per_transfer", 0xAABBCCDD, 1 << lane)
        script.read("frames_per_transfer")
    script.write("frames_per_transfer", 0, 0)
    script.read(*names)
    for offset in (len(REGISTERS) * 4, 0x800, (1 << ADDRESS_BITS) - 4):
        script.ask(offset)
        script.say("replies 1")
        script.post(offset, 1)
        script.say("answers 1")
    answers = script.play(cpp_folder, 30 + stall)
    first = dict(zip(names, answers.reads, strict=False))
    for known in REGISTERS:
        if known.reset is not None:
            assert first[known.name] == (known.reset, OKAY), known.name
    assert first["identity"] == (IDENTITY, OKAY)
    assert first["version"] == (0x1234ABCD, OKAY)
    assert first["words_in"] == first["words_out"] == (2, OKAY)
    assert first["layout_in"] == (8 | 8 << 8 | 8 << 16 | 1 << 24, OKAY)
    strobed = [data for data, _ in answers.reads[len(names) : len(names) + 4]]
    assert strobed == [0x040302DD, 0x0403CCDD, 0x04BBCCDD, 0xAABBCCDD]
    second = dict(zip(names, answers.reads[len(names) + 4 :], strict=False))
    counting = {"cycles_low", "cycles_high", "frames_per_transfer", "status"}
    assert {name: second[name] for name in names if name not in counting} == {
        name: first[name] for name in names if name not in counting
    }
    assert second["frames_per_transfer"] == (0xAABBCCDD, OKAY)
    assert answers.reads[-3:] == [(0, OKAY)] * 3, "an error would be a bus error of the process that reads"
    assert set(answers.writes) == {OKAY}


def test_addresses_of_the_source_are_those_of_the_map() -> None:
    text = (MODULES / "sw_axi_lite.sv").read_text(encoding="utf-8")
    found = re.findall(r"localparam logic \[11:0\] (\w+)_AT = 12'h([0-9a-f]{3});", text)
    assert {name.lower(): int(offset, 16) for name, offset in found} == OFFSETS
    assert [known.offset for known in REGISTERS] == [4 * at for at in range(len(REGISTERS))]


def test_streams_refuse_what_cannot_be() -> None:
    with pytest.raises(InputError, match=r"container of 8 bits cannot hold codes of format s9\.0; take 16"):
        even("s9.0", 4, 1, 8, 64)
    with pytest.raises(InputError, match="word of 20 bits is no multiple of 8"):
        even("s8.0", 4, 1, 8, 20)
    with pytest.raises(InputError, match="wider than 32 bits"):
        container_for(Fixed(33, 0, signed=True))
    with pytest.raises(InputError, match=r"codes 0\.\.16 do not fit u4\.0"):
        even("u4.0", 2, 1, 8, 8).to_bytes(np.array([[0, 16]]))
