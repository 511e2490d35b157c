"""Distillation with the metric in it: RID, its rivals and the gate on four kinds of teachers."""
