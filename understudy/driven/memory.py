"""What a network remembers of a person, as buffers, so that its weights are all of it."""

import numpy as np
import torch
from torch import Tensor, nn

from understudy.driven.actor import Person
from understudy.driven.readings import Range
from understudy.driven.shapes import Shape


class Memory(nn.Module):
    """A Person as buffers of a network."""

    still: Tensor
    mouth_change: Tensor
    eyes_change: Tensor
    openings: Tensor
    iris_2: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name in ("still", "mouth_change", "eyes_change"):
            self.register_buffer(name, torch.zeros(68, 3, dtype=torch.float64))
        self.register_buffer("openings", torch.ones(2, dtype=torch.float64))
        self.register_buffer("iris_2", torch.zeros(2, dtype=torch.float64))

    def remember(self, person: Person) -> None:
        """Take a person in."""
        values = (*person.shape, np.array([person.range.open_eye, person.range.wide_mouth]), person.range.iris_2)
        for buffer, value in zip(self.buffers(), values, strict=True):
            buffer.copy_(torch.from_numpy(np.asarray(value)))

    def person(self) -> Person:
        """The person that was taken in."""
        still, mouth, eyes, openings, iris = (buffer.cpu().numpy() for buffer in self.buffers())
        return Person(Shape(still, mouth, eyes), Range(float(openings[0]), float(openings[1]), iris))
