"""Where jets come from: simulation, public data sets, and files of one's own."""
