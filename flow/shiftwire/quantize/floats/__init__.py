"""The float network before it is quantized: samples, runs of it, layers computed at fewer places; imports no layer."""
