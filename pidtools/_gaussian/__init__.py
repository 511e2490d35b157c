"""Rooms behind `gaussian`: factors of covariances, and the decomposition of two of them."""
