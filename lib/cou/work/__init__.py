"""What happens inside the runner: the executor, the lease, drift, and the end of an attempt."""
