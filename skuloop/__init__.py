"""The command line and the demo store: the only door a newcomer needs."""
