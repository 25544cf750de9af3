"""Outside programs, the environment, files, templates, and the form of figures; imports errors and shiftwire_hls."""
