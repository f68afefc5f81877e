"""What the product tells of itself: the metric catalogue, its collectors, and structured logs."""
