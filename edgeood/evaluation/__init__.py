"""What a score is worth: detection of unseen signals, sculpting of the background's mass, tables, figures."""
