"""What scores and decisions know of jet mass, and detection without it."""
