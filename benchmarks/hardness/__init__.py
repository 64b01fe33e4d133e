"""Hardness: whatever is damaged, edited or odd ends in the right answer or in one sentence."""
