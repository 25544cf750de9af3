"""What is known of an ONNX graph while it is read or written: names, constants, what waits on a tensor; imports ops."""
