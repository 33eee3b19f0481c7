"""What to believe: calibrated verdicts, and what they promise."""
