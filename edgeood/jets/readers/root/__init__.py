"""Data sets that come as ROOT: trees read with uproot in steps, one format a file."""
