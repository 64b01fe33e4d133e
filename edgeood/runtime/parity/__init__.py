"""Whether engines give the same bits: hard inputs, and counting where they differ."""
