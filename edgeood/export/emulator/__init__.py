"""The shared library that stands for the firmware in software triggers, made of a Vitis project."""
