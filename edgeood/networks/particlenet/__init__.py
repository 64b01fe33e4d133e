"""ParticleNet at full size, ParticleNet-lite at trigger size, and the graphs, products and norms they are made of."""
