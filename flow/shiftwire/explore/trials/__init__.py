"""Networks and hardware explored together: each trial is quantized anew, scored and folded; imports quantize, costs."""
