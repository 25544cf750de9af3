"""Rewrites of foreign ONNX graphs into the forms that the readers know; imports no other room but errors."""
