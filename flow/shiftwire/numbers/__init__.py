"""What a number is: fixed-point formats, intervals, sums of powers of two, float quantizers; imports errors alone."""
