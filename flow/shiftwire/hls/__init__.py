"""C++: the hls4ml project, single units, and how a unit is spelled; imports schedule."""
