"""Every optimizer against its recurrence, written again in numpy."""

from importlib import import_module
from inspect import signature
from pathlib import Path

import numpy as np
import pytest
import torch

from understudy import optimizers
from understudy.recurrence import SLICE

NAMES = sorted(file.stem for file in Path(optimizers.__file__).parent.glob("*.py") if file.stem != "__init__")
RATE, BETAS, EPSILON = 0.05, (0.8, 0.95), 1e-3
FORMS = [
    *((name, {}) for name in NAMES),
    ("adabelief", {"bias_correction": False, "epsilon_inside": False}),
    ("rmsprop", {"epsilon_inside": True}),
    ("prodigy", {"bias_correction": True, "safeguard_warmup": True, "first_distance": 0.01, "coefficient": 0.5}),
]


def adam(weight, gradients, decay, **_):
    mean = square = 0
    for step, gradient in enumerate(gradients(decay), 1):
        mean = BETAS[0] * mean + (1 - BETAS[0]) * gradient
        square = BETAS[1] * square + (1 - BETAS[1]) * gradient**2
        length = np.sqrt(square / (1 - BETAS[1] ** step)) + EPSILON
        weight -= RATE * mean / (1 - BETAS[0] ** step) / length


def adamw(weight, gradients, decay, **_):
    mean = square = 0
    for step, gradient in enumerate(gradients(0), 1):
        weight *= 1 - RATE * decay
        mean = BETAS[0] * mean + (1 - BETAS[0]) * gradient
        square = BETAS[1] * square + (1 - BETAS[1]) * gradient**2
        length = np.sqrt(square / (1 - BETAS[1] ** step)) + EPSILON
        weight -= RATE * mean / (1 - BETAS[0] ** step) / length


def nadam(weight, gradients, decay, **_):
    mean, square, product = 0, 0, 1
    for step, gradient in enumerate(gradients(decay), 1):
        now, then = (BETAS[0] * (1 - 0.5 * 0.96 ** (0.004 * each)) for each in (step, step + 1))
        product *= now
        mean = BETAS[0] * mean + (1 - BETAS[0]) * gradient
        square = BETAS[1] * square + (1 - BETAS[1]) * gradient**2
        ahead = then * mean / (1 - product * then) + (1 - now) * gradient / (1 - product)
        weight -= RATE * ahead / (np.sqrt(square / (1 - BETAS[1] ** step)) + EPSILON)


def adamax(weight, gradients, decay, **_):
    mean = largest = 0
    for step, gradient in enumerate(gradients(decay), 1):
        mean = BETAS[0] * mean + (1 - BETAS[0]) * gradient
        largest = np.maximum(BETAS[1] * largest, abs(gradient) + EPSILON)
        weight -= RATE / (1 - BETAS[0] ** step) * mean / largest


def adabelief(weight, gradients, decay, *, bias_correction=True, epsilon_inside=True):
    mean = spread = 0
    for step, gradient in enumerate(gradients(0), 1):
        weight *= 1 - RATE * decay
        mean = BETAS[0] * mean + (1 - BETAS[0]) * gradient
        spread = BETAS[1] * spread + (1 - BETAS[1]) * (gradient - mean) ** 2 + EPSILON * epsilon_inside
        one, two = (1 - BETAS[0] ** step, 1 - BETAS[1] ** step) if bias_correction else (1, 1)
        weight -= RATE * (mean / one) / (np.sqrt(spread / two) + EPSILON)


def rmsprop(weight, gradients, decay, *, epsilon_inside=False):
    square = 0
    for gradient in gradients(decay):
        square = BETAS[1] * square + (1 - BETAS[1]) * gradient**2
        weight -= RATE * gradient / (np.sqrt(square + EPSILON) if epsilon_inside else np.sqrt(square) + EPSILON)


def lion(weight, gradients, decay, **_):
    mean = 0
    for gradient in gradients(0):
        step = np.sign(BETAS[0] * mean + (1 - BETAS[0]) * gradient)
        weight -= RATE * (step + decay * weight)
        mean = BETAS[1] * mean + (1 - BETAS[1]) * gradient


def prodigy_of_all(weights, gradients, decays, **form):
    """Algorithm 4 of the paper, over all weights at once, since they look for one distance."""
    form = {"bias_correction": False, "safeguard_warmup": False, "first_distance": 1e-6, "coefficient": 1.0} | form
    start, memory = form["first_distance"], BETAS[1] ** 0.5
    distance, gain = start, 0
    firsts = [weight.copy() for weight in weights]
    means, squares, seen = ([np.zeros_like(weight) for weight in weights] for _ in range(3))
    for step in range(5):
        correction = np.sqrt(1 - BETAS[1] ** (step + 1)) / (1 - BETAS[0] ** (step + 1))
        rate = distance * RATE * (correction if form["bias_correction"] else 1)
        gain *= memory
        for n, weight in enumerate(weights):
            gradient = gradients[n][step]
            gain += distance / start * rate * (gradient * (firsts[n] - weight)).sum()
            means[n] = BETAS[0] * means[n] + (1 - BETAS[0]) * distance * gradient
            squares[n] = BETAS[1] * squares[n] + (1 - BETAS[1]) * distance**2 * gradient**2
            seen[n] = memory * seen[n] + distance / start * gradient * (distance if form["safeguard_warmup"] else rate)
        distance = max(distance, form["coefficient"] * gain / sum(abs(each).sum() for each in seen))
        for n in range(len(weights)):
            weights[n] *= 1 - rate * decays[n]
            weights[n] -= rate * means[n] / (np.sqrt(squares[n]) + distance * EPSILON)
    return distance


def weights_and_gradients():
    """A large weight without decay, which is cut into slices, and one that decays; gradients of five steps."""
    random = np.random.default_rng(4)
    shapes = [(SLICE // 8 + 3, 16), (6, 5, 3, 3)]
    return [random.normal(size=shape) for shape in shapes], [random.normal(size=(5, *shape)) for shape in shapes]


def built(name, weights, **form):
    chosen = import_module(f"understudy.optimizers.{name}")
    groups = [{"params": [weights[0]], "weight_decay": 0.0}, {"params": [weights[1]]}]
    return chosen.build(groups, learning_rate=RATE, betas=BETAS, epsilon=EPSILON, weight_decay=0.1, **form)


def tensors_of(weights):
    """As parameters; the second, like the weights of a convolution, lies in memory with its channels last."""
    found = [torch.tensor(weight, requires_grad=True) for weight in weights]
    return [found[0], found[1].detach().to(memory_format=torch.channels_last).requires_grad_()]


def advance(optimizer, weights, gradients, steps):
    for step in steps:
        for weight, each in zip(weights, gradients, strict=True):
            weight.grad = torch.tensor(each[step], dtype=weight.dtype)
        optimizer.step()


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_five_steps_are_those_of_the_recurrence(name, form):
    expected, gradients = weights_and_gradients()
    weights = tensors_of(expected)
    advance(built(name, weights, **form), weights, gradients, range(5))
    if name == "prodigy":
        prodigy_of_all(expected, gradients, decays=[0, 0.1], **form)
    else:
        for n, decay in enumerate((0, 0.1)):
            weight = expected[n]

            def with_decay(share, n=n, weight=weight):
                return (gradient + share * weight for gradient in gradients[n])

            globals()[name](weight, with_decay, decay, **form)
    for found, weight in zip(weights, expected, strict=True):
        assert np.allclose(found.detach().numpy(), weight, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_what_is_saved_as_tensors_goes_on_bit_by_bit(name, form):
    """As training does: the state of every weight is saved as tensors, settings come from params.yaml again."""
    start, gradients = weights_and_gradients()
    whole, halted = (tensors_of([each.astype(np.float32) for each in start]) for _ in range(2))
    advance(built(name, whole, **form), whole, gradients, range(5))

    first = built(name, halted, **form)
    advance(first, halted, gradients, range(2))
    saved = {
        (index, key): value.numpy().copy()
        for index, state in first.state_dict()["state"].items()
        for key, value in state.items()
    }
    resumed = [weight.detach().clone().requires_grad_() for weight in halted]
    second = built(name, resumed, **form)
    state = {}
    for (index, key), value in saved.items():
        state.setdefault(index, {})[key] = torch.from_numpy(value)
    second.load_state_dict({"state": state, "param_groups": second.state_dict()["param_groups"]})
    advance(second, resumed, gradients, range(2, 5))
    assert all(torch.equal(one, other) for one, other in zip(whole, resumed, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_the_layout_of_a_gradient_in_memory_changes_nothing(name):
    """Autograd gives the weights of a convolution gradients with channels last where its pictures have them last."""
    weight, gradient = (torch.from_numpy(np.random.default_rng(seed).normal(size=(6, 5, 3, 3))) for seed in (1, 2))
    found = []
    for layout in (torch.contiguous_format, torch.channels_last):
        weights = [torch.zeros(1, requires_grad=True), weight.clone().requires_grad_()]
        optimizer = built(name, weights)
        weights[1].grad = gradient.clone(memory_format=layout)
        optimizer.step()
        found.append(weights[1].detach())
    assert torch.equal(*found)
    assert not torch.equal(found[0], weight)


@pytest.mark.parametrize("name", NAMES)
def test_a_rate_of_zero_moves_nothing(name):
    start, gradients = weights_and_gradients()
    weights = tensors_of(start)
    optimizer = built(name, weights)
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    advance(optimizer, weights, gradients, range(2))
    assert all(np.array_equal(found.detach().numpy(), weight) for found, weight in zip(weights, start, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_an_optimizer_is_built_of_what_training_gives_it(name):
    taken = signature(import_module(f"understudy.optimizers.{name}").build).parameters
    assert list(taken)[:5] == ["groups", "learning_rate", "betas", "epsilon", "weight_decay"]
    assert all(option.default is not option.empty for option in list(taken.values())[5:])


def test_prodigy_finds_the_rate_it_was_not_given():
    """From a millionth, on the way to a goal that is one away."""
    weight = torch.zeros(10, requires_grad=True)
    chosen = import_module("understudy.optimizers.prodigy")
    optimizer = chosen.build(
        [{"params": [weight]}], learning_rate=1.0, betas=(0.9, 0.99), epsilon=1e-8, weight_decay=0.0
    )
    for _ in range(300):
        weight.grad = torch.sign(weight.detach() - 1)
        optimizer.step()
    assert float(optimizer.state[weight]["distance"]) > 1e-3
    assert (weight - 1).abs().max() < 0.3
