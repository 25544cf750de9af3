"""python3 -m shiftwire_boards.runtime doctor: whether this board can run a package, line by line."""
