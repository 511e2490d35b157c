"""Solvers of the BROJA program on pair tables: arrays in, arrays out, no checks."""
