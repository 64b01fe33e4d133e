"""Twins of Brevitas layers."""
