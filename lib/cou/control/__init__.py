"""What an order of the operator does: plan, start, cancel, force, restore, resolve, abandon."""
