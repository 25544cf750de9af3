"""JUnit XML of a C-simulation, one test case a layer, as CI servers read it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from shiftwire.errors import InputError
from shiftwire.verify.comparison import Comparison


def write_junit(report: Comparison, path: Path) -> None:
    """Write the file; a layer with differing codes is a failed case, the first one with its explanation."""
    failures = str(sum(layer.different > 0 for layer in report.layers))
    suite = ET.Element("testsuite", name="shiftwire csim", tests=str(len(report.layers)), failures=failures)
    for layer in report.layers:
        case = ET.SubElement(suite, "testcase", classname="csim", name=layer.name)
        counts = f"{layer.compared} codes compared, {layer.different} differ, {layer.live} live outputs"
        if layer.different:
            failure = ET.SubElement(case, "failure", message=counts)
            first = report.first_difference
            failure.text = first.sentence() if first is not None and first.layer == layer.name else counts
        else:
            ET.SubElement(case, "system-out").text = counts
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        ET.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise InputError(f"cannot write {path} ({error.strerror}); name another file") from None
