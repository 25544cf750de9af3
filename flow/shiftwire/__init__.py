"""ONNX in, verified hardware project out."""
