"""What training leaves free and a chip does not: coordinates of the representation, common mode of the logits."""
