"""Recipe → run directory: jets, objectives, the trainer, and what is chosen once the weights are known."""
