"""What is known of an ONNX graph while it is read: names, constants, what is pending on a tensor; imports ops."""
