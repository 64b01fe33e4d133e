"""What a trigger group does with a trained detector: thresholds for its rate."""
