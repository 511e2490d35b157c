"""Neighbour search and the estimators built on it, behind the door."""
