"""Redundant information distillation: train a student on what a teacher knows of the task alone.

NumPy in, NumPy out: losses and their gradients, for any framework. The rivals stand beside it: VID,
TED, FitNets and soft labels.
"""

from pidtools.rid._adam import Adam
from pidtools.rid._distiller import RedundantInformationDistillation
from pidtools.rid._filter import Filter
from pidtools.rid._rivals import (
    fitnets_loss_and_grad,
    soft_label_loss_and_grad,
    ted_loss_and_grad,
    vid_loss_and_grad,
)
from pidtools.rid._schedule import RIDSchedule
from pidtools.rid._task_filter import TaskFilter

__all__ = [
    "Adam",
    "Filter",
    "RIDSchedule",
    "RedundantInformationDistillation",
    "TaskFilter",
    "fitnets_loss_and_grad",
    "soft_label_loss_and_grad",
    "ted_loss_and_grad",
    "vid_loss_and_grad",
]
