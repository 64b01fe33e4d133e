"""Files on disk: where one may be written, who writes it, and whether it is still what was written."""
