"""What each command does; `skuloop.cli` declares them."""
