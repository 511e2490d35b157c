"""Kernels of the solver, in numba's Python; imported only where they have to be compiled."""
