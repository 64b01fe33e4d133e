"""Data sets that come as NumPy's arrays: mapped into memory or unpacked in slices, one format a file."""
