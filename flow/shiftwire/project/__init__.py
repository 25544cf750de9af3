"""A project folder: design.json, weights, hls/, rtl/, and rows of figures in reports/; imports schedule and hls."""
