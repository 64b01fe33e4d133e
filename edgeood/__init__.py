"""Anomaly triggers you can trust, from collider jets to FPGA firmware."""

__version__ = "0.1.0"
