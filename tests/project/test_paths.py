"""Every public function that takes a path takes a str as well as a Path."""

from pathlib import Path

import onnx
import shiftwire
from shiftwire.onnx.exporter import to_onnx
from test_tiny import tiny


def test_paths_are_words_or_paths(tmp_path: Path) -> None:
    file = tmp_path / "tiny.onnx"
    onnx.save(to_onnx(tiny()), file)
    for of in (str, Path):
        assert shiftwire.load_network(of(file)).nodes
        written = shiftwire.convert(of(file), output=of(tmp_path / "project"))
        again = shiftwire.load_project(of(tmp_path / "project"))
        assert (again.version_hash, again.path) == (written.version_hash, tmp_path / "project")
        assert shiftwire.to_hls4ml(of(file), output=of(tmp_path / "hls4ml")).get_layers()
