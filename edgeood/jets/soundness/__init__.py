"""What jets must be: casts that are exact, kinematics that fit together, and one sentence for what is not."""
