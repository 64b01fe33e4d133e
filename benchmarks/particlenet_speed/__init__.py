"""The speed of ParticleNet on a CPU, beside weaver-core's."""
