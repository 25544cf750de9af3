"""One file a way to make weights of smaller parts, and the table of them; part of quantize."""
