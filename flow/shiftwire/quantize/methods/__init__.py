"""One file a way to make weights of smaller parts, and the table of them; imports the rest of quantize."""
