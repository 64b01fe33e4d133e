"""Distance-aware uncertainty: a Gaussian process as the output layer, spectral norms bounded before it.

SNGP: Liu et al., arXiv:2006.10108 (§3 and algorithm 1); CC22 §2 and table 5.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.nn.utils import parametrize

from edgeood.recipe import SpectralGP

MEAN_FIELD = math.pi / 8
"""Of E[sigmoid(g)] ≈ sigmoid(E[g] / √(1 + π/8·Var[g])), MacKay, Neural Comput. 4 (1992) 720."""
_FIRST_ITERATIONS = 15


class RandomFeatureGaussianProcess(nn.Module):
    """Logits of a Gaussian process with the kernel exp(−|x − y|²/2ℓ²), by random features and Laplace.

    D features φ(x) = √(2/D) cos(W x/ℓ + b), with W normal and b uniform in [0, 2π], fixed, have φ(x)·φ(y)
    equal to the kernel up to O(1/√D) (Rahimi & Recht 2007). The logits are g = β φ(x), and class k's
    weights β_k have the posterior N(β̂_k, Σ_k) with the precision

        Σ_k⁻¹ = (ridge + Σᵢ p_k(xᵢ) (1 − p_k(xᵢ)) φ(xᵢ)φ(xᵢ)ᵀ) / ridge,

    such that without data the variance is the prior's, φᵀφ ≈ 1. Training collects the sum: over all jets of
    the epoch if the discount is 1, else as a moving average over batches (discount·sum + (1 − discount)·the
    batch's own sum, algorithm 1; the ridge is not discounted, so that it bounds the variance however long
    the training is). In evaluation mode the logits are g/√(1 + π/8·σ²) with σ² = φᵀΣ_kφ.

    Everything is computed in float32 under autocast too. All of it is in the state: W, b, β and the sums.
    """

    frequencies: Tensor
    phases: Tensor
    information: Tensor

    def __init__(self, width: int, classes: int, settings: SpectralGP) -> None:
        super().__init__()
        features = settings.features
        self.length_scale = settings.length_scale
        self.ridge = settings.ridge
        self.discount = settings.discount
        self.register_buffer("frequencies", torch.randn(features, width))
        self.register_buffer("phases", 2 * math.pi * torch.rand(features))
        self.register_buffer("information", torch.zeros(classes, features, features))
        self.output = nn.Linear(features, classes, bias=False)
        self._whitener: Tensor | None = None

    def begin_epoch(self) -> None:
        """Forget the last epoch's sum; a moving average (discount < 1) goes on."""
        if self.discount == 1:
            self.information.zero_()
            self._whitener = None

    def features(self, x: Tensor) -> Tensor:
        """Random features φ (batch, D) of ``x`` (batch, width)."""
        angle = x @ self.frequencies.T / self.length_scale + self.phases
        return math.sqrt(2 / len(self.phases)) * angle.cos()

    def variance(self, features: Tensor) -> Tensor:
        """Posterior variance σ² (batch, K) of the logits at ``features`` (batch, D)."""
        if self._whitener is None or self._whitener.device != features.device:
            self._whitener = self._whiten()
        return self.ridge * torch.stack([(features @ part.T).square().sum(1) for part in self._whitener], 1)

    def _whiten(self) -> Tensor:
        """L⁻¹ (K, D, D) of the Cholesky factors L Lᵀ = ridge + sum: |L⁻¹φ|² is never negative."""
        # Outside inference mode, or a later backward pass could not use the cached tensor.
        with torch.inference_mode(False), torch.no_grad():
            identity = torch.eye(len(self.phases), dtype=torch.float64, device=self.phases.device)
            factors = torch.linalg.cholesky(self.information.double() + self.ridge * identity)
            result: Tensor = torch.linalg.solve_triangular(factors, identity, upper=False).float()
            return result

    @torch.no_grad()
    def _collect(self, features: Tensor, logits: Tensor) -> None:
        probability = logits.softmax(1)
        new = 1.0 if self.discount == 1 else 1 - self.discount
        for total, weight in zip(self.information, (probability * (1 - probability)).T, strict=True):
            total.addmm_(features.T, weight[:, None] * features, beta=self.discount, alpha=new)
        self._whitener = None

    def forward(self, x: Tensor) -> Tensor:
        """(batch, width) → logits (batch, K), the mean-field ones in evaluation mode."""
        with torch.autocast(x.device.type, enabled=False):
            features = self.features(x.float())
            logits: Tensor = self.output(features)
            if self.training:
                self._collect(features, logits)
                return logits
            return logits / (1 + MEAN_FIELD * self.variance(features)).sqrt()

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._whitener = None


class BoundedSpectralNorm(nn.Module):
    """Scales a weight W down to a spectral norm of ``bound`` where it is larger: W·min(1, bound/σ).

    σ = uᵀWv, with u and v followed from step to step by power iterations [Miyato et al., arXiv:1802.05957]; W is
    a convolution's kernel as a matrix (out channels, in channels × kernel), whose norm is the layer's own for
    kernels of one pixel.
    """

    left: Tensor
    right: Tensor

    def __init__(self, weight: Tensor, bound: float, power_iterations: int) -> None:
        super().__init__()
        self.bound = bound
        self.power_iterations = power_iterations
        matrix = weight.detach().flatten(1)
        self.register_buffer("left", normalize(torch.randn(len(matrix)), dim=0).to(matrix))
        self.register_buffer("right", normalize(torch.randn(matrix.shape[1]), dim=0).to(matrix))
        self._iterate(matrix, _FIRST_ITERATIONS)

    @torch.no_grad()
    def _iterate(self, matrix: Tensor, steps: int) -> None:
        for _ in range(steps):
            self.left.copy_(normalize(matrix @ self.right, dim=0))
            self.right.copy_(normalize(matrix.T @ self.left, dim=0))

    def forward(self, weight: Tensor) -> Tensor:
        """The bounded weight, of the same shape; iterates while training."""
        with torch.autocast(weight.device.type, enabled=False):
            matrix = weight.flatten(1)
            if self.training:
                self._iterate(matrix.detach(), self.power_iterations)
            # Copies, because the next step changes the vectors before this one's backward pass may have run.
            norm = self.left.clone() @ matrix @ self.right.clone()
            return weight * (self.bound / norm.clamp(min=self.bound))


def spectral_normalised(module: nn.Module, bound: float, power_iterations: int = 1) -> nn.Module:
    """Bound the spectral norm of every dense and convolutional layer in ``module``, in place; returns it.

    Call it before training, and again on any network that is to load the result: the parameters get other
    names (``parametrizations.weight.original``).
    """
    for layer in list(module.modules()):
        if isinstance(layer, nn.Linear | nn.Conv1d | nn.Conv2d) and not parametrize.is_parametrized(layer):
            norm = BoundedSpectralNorm(layer.weight, bound, power_iterations)
            parametrize.register_parametrization(layer, "weight", norm)
    return module
