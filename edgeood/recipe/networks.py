"""The networks, one section for each kind."""

from typing import Literal

from pydantic import Field

from edgeood.recipe.section import Section


class Block(Section):
    """One convolution without padding, its activation, and a pooling."""

    filters: int = Field(ge=1)
    kernel: int = Field(3, ge=1)
    stride: int = Field(1, ge=1)
    pool: int = Field(1, ge=1, description="side of the pooling window; 1 for none")

    def side_after(self, side: int) -> int:
        """Pixels along a side after this block, of ``side`` before it."""
        return ((side - self.kernel) // self.stride + 1) // self.pool


class CNN(Section):
    """Convolutional classifier with a low-dimensional representation before its logits [GZ24 §4.2]."""

    kind: Literal["cnn"] = "cnn"
    blocks: tuple[Block, ...] = Field(min_length=1)
    hidden: tuple[int, ...] = ()
    representation: int = Field(20, ge=2, description="dimensions of the representation")
    largest_weight: float | None = Field(
        None,
        gt=0,
        description="canonical: of the representation; narrow directions stay so. null: unit variance for all",
    )
    pooling: Literal["average", "max"] = Field(
        "average", description="of the float network; twins take the maximum"
    )
    rectifier: Literal["prelu", "relu"] = Field(
        "prelu", description="of the float network; twins have a plain one"
    )
    canonical: bool = Field(
        True,
        description="float networks: diagonal class covariances, and a chosen common mode of the logits (score.normal)",
    )


class SpectralGP(Section):
    """A Gaussian process instead of the linear logits, and spectral normalisation before it [CC22 table 5]."""

    features: int = Field(1024, ge=1, description="random Fourier features")
    length_scale: float = Field(1.0, gt=0)
    ridge: float = Field(1.0, gt=0, description="added to the precision matrix")
    discount: float = Field(0.999, gt=0, le=1, description="momentum of the precision; 1 sums over an epoch")
    norm_bound: float = Field(0.99, gt=0, description="largest spectral norm of a layer's weights")
    power_iterations: int = Field(1, ge=1)


class ParticleNet(Section):
    """Dynamic graph network on constituents [Qu & Gouskos, arXiv:1902.08570; CC22 §3.1]."""

    kind: Literal["particlenet"] = "particlenet"
    neighbours: int = Field(16, ge=1, description="k of the nearest-neighbour graphs")
    blocks: tuple[tuple[int, ...], ...] = Field(
        ((64, 64, 64), (128, 128, 128), (256, 256, 256)),
        min_length=1,
        description="channels of the layers of each EdgeConv block",
    )
    representation: int = Field(256, ge=2, description="width of the dense layer before the logits")
    dropout: float = Field(0.0, ge=0, lt=1, description="of the representation, while training")
    output: SpectralGP | None = Field(None, description="SNGP; null for linear logits")


class EdgeBlock(Section):
    """One EdgeConv at trigger size: its edge layer, then layers on each constituent alone."""

    edge: int = Field(ge=1, description="channels of the edge layer")
    nodes: tuple[int, ...] = Field((), description="channels of the layers that follow it")

    @property
    def channels(self) -> int:
        """Channels of the block's output."""
        return (self.edge, *self.nodes)[-1]


class ParticleNetLite(Section):
    """ParticleNet at trigger size: EdgeConv blocks whose edge layer is factorised.

    h_i = ReLU(a_i + max_j b_j) over the k nearest constituents j, with a and b linear in the features of one
    constituent: as ReLU is monotone, this is the maximum over the edges of ReLU(a_i + b_j).
    """

    kind: Literal["particlenet_lite"] = "particlenet_lite"
    neighbours: int = Field(4, ge=1, description="k of the nearest-neighbour graphs")
    blocks: tuple[EdgeBlock, ...] = Field((EdgeBlock(edge=16, nodes=(16,)),), min_length=1, max_length=2)
    dynamic: int = Field(
        0,
        ge=0,
        description="leading channels whose distance makes the second graph; 0 to keep the first graph",
    )
    hidden: tuple[int, ...] = Field((32,), description="dense widths after the mean over the constituents")
    representation: int = Field(20, ge=2, description="dimensions of the representation")
    canonical: bool = Field(True, description="float networks: as in a CNN")
    largest_weight: float | None = Field(
        None,
        gt=0,
        description="canonical: of the representation; narrow directions stay so. null: unit variance for all",
    )


class FCN(Section):
    """Fully connected classifier on four-vectors [CC22 App. B] or on observables."""

    kind: Literal["fcn"] = "fcn"
    hidden: tuple[int, ...] = Field((256, 128), description="widths before the representation")
    representation: int = Field(12, ge=2)
    dropout: float = Field(0.2, ge=0, lt=1)


class VAE(Section):
    """Variational autoencoder; its only logit is minus the reconstruction error [Heimel et al.; CC22 ref. 8]."""

    kind: Literal["vae"] = "vae"
    blocks: tuple[Block, ...] = Field(
        (), description="convolutions of the encoder of images; none for vectors"
    )
    hidden: tuple[int, ...] = Field(
        (100, 32), description="dense widths of the encoder, mirrored in the decoder"
    )
    representation: int = Field(8, ge=1, description="latent dimensions")
