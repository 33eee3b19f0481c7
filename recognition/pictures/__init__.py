"""What one picture is worth: reading it safely, measuring its quality, finding its near duplicates."""
