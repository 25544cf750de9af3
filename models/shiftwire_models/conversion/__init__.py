"""From a net of plain torch to one without multiplications that its owner trains, and to its file."""
