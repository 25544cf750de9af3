"""The files we add to an hls4ml project: test bench, C-simulation driver, and how to run the vendor's tools."""

from __future__ import annotations

from collections.abc import Iterator

from shiftwire.hls.cpp import array
from shiftwire.numbers.fixed import Codes, Values
from shiftwire.schedule.design import Design

TEST_BENCH = """// Test bench: runs the golden frames of tb_data and compares every output code. Written by shiftwire.
// Exit status 0 when all agree, 1 when a code differs, 2 when a file is missing.
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "firmware/@TOP@.h"
#include "firmware/nnet_utils/nnet_helpers.h"
#include "firmware/nnet_utils/sw_code.h"

#ifndef __SYNTHESIS__
namespace nnet {
bool trace_enabled = false;
std::map<std::string, void *> *trace_outputs = NULL;
size_t trace_type_size = sizeof(double);
} // namespace nnet
#endif

static bool read_frame(std::ifstream &file, std::vector<double> &values) {
    std::string line;
    if (!std::getline(file, line)) return false;
    std::istringstream words(line);
    values.clear();
    for (double value; words >> value;) values.push_back(value);
    return true;
}

int main() {
    std::ifstream inputs("tb_data/tb_input_features.dat");
    std::ifstream expected("tb_data/tb_output_predictions.dat");
#ifdef RTL_SIM
    std::ofstream log("tb_data/rtl_cosim_results.log");
#else
    std::ofstream log("tb_data/csim_results.log");
#endif
    if (!inputs || !expected || !log) {
        std::cerr << "ERROR: run this in the folder that holds tb_data" << std::endl;
        return 2;
    }
    hls::stream<input_t> x("x");
    hls::stream<result_t> y("y");
    std::vector<double> given, wanted;
    int frames = 0, different = 0;
    while (read_frame(inputs, given) && read_frame(expected, wanted)) {
        if (given.size() != @N_IN@ || wanted.size() != @N_OUT@) {
            std::cerr << "ERROR: frame " << frames << " of tb_data has a wrong length" << std::endl;
            return 2;
        }
        for (int i = 0; i < @N_IN@; i += input_t::size) {
            input_t beat;
            for (int l = 0; l < (int)input_t::size; l++) beat[l] = input_t::value_type(given[i + l]);
            x.write(beat);
        }
        @TOP@(x, y);
        for (int i = 0; i < @N_OUT@; i += result_t::size) {
            const result_t beat = y.read();
            for (int l = 0; l < (int)result_t::size; l++) {
                different += sw::to_code(beat[l]) != sw::to_code(result_t::value_type(wanted[i + l]));
                log << sw::to_code(beat[l]) << " ";
            }
        }
        log << std::endl;
        frames++;
    }
    std::cout << frames << " frames, " << different << " of " << frames * @N_OUT@ << " codes differ" << std::endl;
    return frames == @FRAMES@ && different == 0 ? 0 : 1;
}
"""

CSIM_DRIVER = """// C-simulation driver: reads int64 codes, writes the codes of every layer. Written by shiftwire.
// Usage: csim SAMPLES INPUT_FILE OUTPUT_FILE
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "firmware/@TOP@.cpp"

namespace nnet {
bool trace_enabled = true;
std::map<std::string, void *> *trace_outputs = NULL;
size_t trace_type_size = sizeof(double);
} // namespace nnet

// Layers in the order of design.json: name, codes in a frame, fraction bits.
@NAMES@
@SIZES@
@FRACS@

typedef input_t::value_type element;
typedef sw::code_of<element>::type code;

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    const int samples = atoi(argv[1]);
    FILE *in = fopen(argv[2], "rb");
    FILE *out = fopen(argv[3], "wb");
    if (!in || !out) return 2;

    std::map<std::string, void *> traced;
    std::vector<std::vector<double> > values(@N_LAYERS@);
    for (int l = 0; l < @N_LAYERS@; l++) {
        values[l].resize(sizes[l]);
        traced[names[l]] = values[l].data();
    }
    nnet::trace_outputs = &traced;

    hls::stream<input_t> x("x");
    hls::stream<result_t> y("y");
    std::vector<long long> codes;
    for (int n = 0; n < samples; n++) {
        codes.resize(@N_IN@);
        if (fread(codes.data(), sizeof(long long), @N_IN@, in) != @N_IN@) return 2;
        for (int i = 0; i < @N_IN@; i += input_t::size) {
            input_t beat;
            for (int l = 0; l < (int)input_t::size; l++) beat[l] = sw::from_code<element>(code(codes[i + l]));
            x.write(beat);
        }
        @TOP@(x, y);
        while (!y.empty()) y.read();
        for (int l = 0; l < @N_LAYERS@; l++) {
            codes.resize(sizes[l]);
            for (int i = 0; i < sizes[l]; i++) codes[i] = (long long)std::ldexp(values[l][i], fracs[l]);
            if (fwrite(codes.data(), sizeof(long long), sizes[l], out) != (size_t)sizes[l]) return 2;
        }
    }
    return fclose(out) ? 2 : 0;
}
"""

HLS_README = """HLS project of shiftwire, written through hls4ml, for part @PART@ at @CLOCK@ ns.

    vitis_hls -f build_prj.tcl                       # Vitis HLS up to 2024.2
    vitis-run --mode hls --tcl build_prj.tcl         # from 2024.1 on

Set the steps in build_opt.tcl (csim, synth, cosim, validation, export). tb_data holds golden frames; the test bench
compares every output code with them and fails on the first run that differs. Not run with the vendor's tools yet.
"""


def test_bench(design: Design, top: str, frames: int) -> str:
    """C++ that Vitis HLS and plain g++ run alike; it wants all of `frames` golden frames."""
    return _filled(TEST_BENCH, design, top).replace("@FRAMES@", str(frames))


def csim_driver(design: Design, top: str) -> str:
    """C++ of the program that `shiftwire csim` builds."""
    names = [instance.name for instance in design.pipeline.instances if instance.is_last]
    tensors = [design.network.tensors[name] for name in names]
    quoted = ", ".join(f'"{name}"' for name in names)
    text = _filled(CSIM_DRIVER, design, top)
    text = text.replace("@NAMES@", f"static const char *const names[] = {{{quoted}}};")
    text = text.replace("@SIZES@", array("int", "sizes", [tensor.size for tensor in tensors]))
    text = text.replace("@FRACS@", array("int", "fracs", [tensor.format.frac for tensor in tensors]))
    return text.replace("@N_LAYERS@", str(len(tensors)))


def hls_readme(design: Design) -> str:
    return HLS_README.replace("@PART@", design.board.part).replace("@CLOCK@", str(design.clock_ns))


def frame_lines(values: Values) -> Iterator[str]:
    """Lines of a test bench's data file; repr of a double reads back to the same double."""
    return (" ".join(map(repr, frame.ravel().tolist())) + "\n" for frame in values)


def golden(design: Design, codes: Codes) -> tuple[str, str]:
    """Input and output files of the test bench for input codes (N, ...)."""
    network = design.network
    outputs = network.output.format.decode(network.evaluate(codes))
    return "".join(frame_lines(network.input.format.decode(codes))), "".join(frame_lines(outputs))


def _filled(text: str, design: Design, top: str) -> str:
    network = design.network
    text = text.replace("@TOP@", top).replace("@N_IN@", str(network.input.size))
    return text.replace("@N_OUT@", str(network.output.size))
