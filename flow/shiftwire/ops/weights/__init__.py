"""Weight schemes, one file each: ROM codes, element, interval and cost of what a row of weights does; imports ir."""
