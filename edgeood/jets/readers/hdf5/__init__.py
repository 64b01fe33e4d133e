"""Data sets that come as HDF5: read in slices, one format a file."""
