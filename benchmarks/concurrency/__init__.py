"""Many requests and messages at once, in one process."""
