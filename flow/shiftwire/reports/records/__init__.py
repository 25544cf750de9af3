"""Pages of measurement records: rows, charts, the page of one or of two side by side; imports the rest of reports."""
