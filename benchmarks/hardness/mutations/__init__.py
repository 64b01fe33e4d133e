"""Ways to change what was sound: bytes, plain values, archives, the structure and the numbers of jet files."""
