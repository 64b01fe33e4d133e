"""Simulated jets: Pythia 8, a parametrised detector, FastJet, in shards that can be made again byte for byte."""
