"""What a design costs on a chip: the vendors' tools, and figures from their reports, each with its provenance."""
