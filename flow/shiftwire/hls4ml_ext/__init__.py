"""The only importer of hls4ml: our layers, registered once, and Designs as its ModelGraphs."""

from shiftwire.hls4ml_ext.graph import AP_TYPES_DIR, TOP, model_graph, version
from shiftwire.hls4ml_ext.register import register

__all__ = ["AP_TYPES_DIR", "TOP", "model_graph", "register", "version"]
