"""What a mass-blind decision owes to the word that carries the jet's mass."""
