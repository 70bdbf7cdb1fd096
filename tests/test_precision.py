import threading

import torch
from torch.nn import functional

from understudy.precision import narrowed

CPU = torch.device("cpu")


def gradient_of_two_uses(between):
    generator = torch.Generator().manual_seed(3)
    weight, first, second = (torch.randn(40, 40, generator=generator) for _ in range(3))
    weight.requires_grad_()
    with narrowed("bfloat16", CPU):
        one = functional.linear(first, weight)
        between()
        two = functional.linear(second, weight)
    return torch.autograd.grad(one.float().square().sum() + two.float().square().sum(), [weight])[0]


def test_another_thread_that_is_done_changes_no_gradient():
    def begin_and_end():
        with narrowed("bfloat16", CPU):
            functional.linear(torch.ones(2, 2), torch.ones(2, 2))

    def beside():
        other = threading.Thread(target=begin_and_end)
        other.start()
        other.join()

    assert torch.equal(gradient_of_two_uses(lambda: None), gradient_of_two_uses(beside))
