"""What to ask people tonight: everything that is worth an answer, within the time that they have. Pure."""
