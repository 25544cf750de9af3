"""ONNX files in and out: importer, exporter, and onnxruntime as an independent oracle; imports its inner rooms."""
