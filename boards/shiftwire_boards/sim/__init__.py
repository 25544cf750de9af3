"""A simulated board: unmodified PYNQ code runs on it over our own RTL, counted cycle by cycle."""
