"""Quantization-aware training of an exact file: its formats and numbers of terms stay, its weights learn."""
