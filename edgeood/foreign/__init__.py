"""Networks that were trained elsewhere: their files become runs."""
