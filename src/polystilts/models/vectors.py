"""Parameters laid end to end: what an optimizer, an average over processes or a resume point handles as one.

A small encoder has some fifty parameters. Clearing, clipping and stepping each on its own took up to a tenth
of its training time; as one vector they take about half of that.
"""

from collections.abc import Sequence

import torch
from torch.nn import Parameter


class Vector:
    """Some parameters, whose values are now views of one long tensor, `weights`, which an optimizer is given.

    Their gradients stay their own until `collect` joins them. An optimizer moves whatever has a gradient,
    were it zero, so parameters that have no part in an update must lose theirs with `drop`.
    """

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        self.parameters = list(parameters)
        self.weights = Parameter(torch.cat([parameter.detach().flatten() for parameter in self.parameters]))
        sizes = [parameter.numel() for parameter in self.parameters]
        for parameter, part in zip(self.parameters, self.weights.detach().split(sizes), strict=True):
            parameter.data = part.view(parameter.shape)
        self.drop()

    def collect(self) -> None:
        """Join the gradients that a backward pass has left, and leave room for those of the next one."""
        self.weights.grad = torch.cat([parameter.grad.flatten() for parameter in self.parameters])
        self._clear()

    def drop(self) -> None:
        """Forget the gradient: the next step of the optimizer leaves these parameters as they are."""
        self.weights.grad = None
        self._clear()

    def _clear(self) -> None:
        for parameter in self.parameters:
            parameter.grad = None

    def release(self) -> None:
        """Give each parameter memory of its own again, as saving a model wants it."""
        for parameter in self.parameters:
            parameter.data = parameter.data.clone()
