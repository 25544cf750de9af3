"""Engines and the comparison of any two, layer by layer; imports project and onnx."""
