"""What other tools write, in the operations that the canonical rewrites know; imports onnx/canonical alone."""
