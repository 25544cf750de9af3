"""One file a weight scheme: its weights as the ONNX contract has them; imports onnx/context and ops/weights."""
