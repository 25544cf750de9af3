"""Weight schemes, one file each: ROM codes, lane, interval and cost of what a row of weights does; imports ir."""
