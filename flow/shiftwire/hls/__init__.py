"""C++: the hls4ml project, single units, and the same headers as native simulation programs; imports schedule."""
