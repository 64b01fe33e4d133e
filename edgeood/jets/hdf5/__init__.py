"""Jet files as HDF5 has them: opened with care, bounded before they are read, and read in whole chunks."""
