"""Nodes in pieces that a processor's cache holds, each bit as it was; imports onnx/canonical."""
