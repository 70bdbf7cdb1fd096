import pytest
import torch
from torch.nn import functional

from understudy.blocks.chance import Noise
from understudy.blocks.norms import BatchNorm, ChannelNorm, SampleNorm, measure_populations
from understudy.networks import FaceNetwork, Rebuilt
from understudy.randomness import torch_generator


def drawn(*shape):
    return 3 + 2 * torch.randn(*shape, generator=torch_generator(1, "features"))


def test_a_sample_is_normalised_as_a_whole():
    made = SampleNorm()(drawn(2, 8, 16, 16))
    assert made.mean((1, 2, 3)).tolist() == pytest.approx([0, 0], abs=1e-5)
    assert made.std((1, 2, 3)).tolist() == pytest.approx([1, 1], abs=1e-2)
    assert made.mean((0, 2, 3)).abs().max() > 1e-3


def test_an_even_sample_has_a_gradient():
    even = torch.ones(1, 2, 4, 4, requires_grad=True)
    SampleNorm()(even).sum().backward()
    assert torch.isfinite(even.grad).all()


def test_channel_norm_is_layer_norm_over_channels():
    features = drawn(2, 8, 4, 4)
    wanted = functional.layer_norm(features.movedim(1, -1), (8,), eps=1e-3).movedim(-1, 1)
    assert torch.allclose(ChannelNorm(8)(features), wanted, atol=1e-5)


def test_without_centring_it_is_the_root_mean_square_norm():
    features = drawn(2, 8, 4, 4)
    wanted = functional.rms_norm(features.movedim(1, -1), (8,), eps=1e-3).movedim(-1, 1)
    assert torch.allclose(ChannelNorm(8, centres=False)(features), wanted, atol=1e-5)


def test_batch_norm_learns_with_the_batch_as_torch_does():
    features = drawn(4, 8, 4, 4)
    wanted = functional.batch_norm(features, None, None, training=True, eps=1e-3)
    assert torch.allclose(BatchNorm(8)(features, torch_generator(1, "chance")), wanted, atol=1e-5)


class Normed(FaceNetwork):
    def __init__(self):
        super().__init__()
        self.noise, self.norms = Noise(0.0), torch.nn.ModuleDict({each: BatchNorm(3) for each in ("ada", "bo")})

    def forward(self, faces, person):
        return Rebuilt((self.norms[person](faces),))

    def learn(self, faces, *, generator):
        return {
            person: Rebuilt((self.norms[person](self.noise(each, generator), generator),))
            for person, each in faces.items()
        }


def test_populations_are_the_moments_over_all_of_a_persons_faces():
    network, faces = Normed(), drawn(8, 3, 4, 4)
    measure_populations(network, [("ada", faces[:4]), ("ada", faces[4:])])
    assert torch.allclose(network.norms["ada"].mean, faces.mean((0, 2, 3)), atol=1e-5)
    assert torch.allclose(network.norms["ada"].variance, faces.var((0, 2, 3), correction=0), atol=1e-4)
    assert torch.equal(network.norms["bo"].mean, torch.zeros(3))


def test_nothing_listens_once_they_are_measured():
    network = Normed()
    measure_populations(network, [("ada", drawn(4, 3, 4, 4))])
    assert not any(norm._forward_pre_hooks for norm in network.norms.values())
