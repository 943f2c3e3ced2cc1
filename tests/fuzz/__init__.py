"""Random input at every door: each answer is what the door promises, or one of its own errors."""
