"""What to believe and what to ask: calibrated verdicts, groups of unseen photos, the nightly questions."""
