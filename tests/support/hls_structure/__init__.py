"""What an HLS compiler must find in the C++ for a beat a cycle, checked without one; needs clang, llvm and libclang."""
