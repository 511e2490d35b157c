"""Kernels as plain Python: what is compiled is what is written."""
