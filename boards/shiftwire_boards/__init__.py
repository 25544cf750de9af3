"""Boards: the catalog, and later the code that runs on them."""
