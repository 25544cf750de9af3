"""One file a layer: how it is read from ONNX and written to it; imports onnx/context and ops."""
