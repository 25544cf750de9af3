"""Float ONNX to an exact Network, and what that costs; imports onnx and passes."""
