"""The networks, one section for each kind."""

from typing import Annotated, Literal

from pydantic import Field

from edgeood.recipe.section import Int, Real, Section, Width, Widths


class Block(Section):
    """One convolution without padding, its activation, and a pooling."""

    filters: Width
    kernel: Int = Field(3, ge=1, le=256)
    stride: Int = Field(1, ge=1, le=256)
    pool: Int = Field(1, ge=1, le=256, description="side of the pooling window; 1 for none")

    def side_after(self, side: int) -> int:
        """Pixels along a side after this block, of ``side`` before it."""
        return ((side - self.kernel) // self.stride + 1) // self.pool


class CNN(Section):
    """Convolutional classifier with a low-dimensional representation before its logits [GZ24 §4.2]."""

    kind: Literal["cnn"] = "cnn"
    blocks: tuple[Block, ...] = Field(min_length=1, max_length=64)
    hidden: Widths = ()
    representation: Width = Field(20, ge=2, description="dimensions of the representation")
    largest_weight: Real | None = Field(
        None,
        gt=0,
        le=1e6,
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

    features: Int = Field(1024, ge=1, le=65536, description="random Fourier features")
    length_scale: Real = Field(1.0, gt=0, le=1e6)
    ridge: Real = Field(1.0, gt=0, le=1e6, description="added to the precision matrix")
    discount: Real = Field(0.999, gt=0, le=1, description="momentum of the precision; 1 sums over an epoch")
    norm_bound: Real = Field(0.99, gt=0, le=1e6, description="largest spectral norm of a layer's weights")
    power_iterations: Int = Field(1, ge=1, le=1000)


class ParticleNet(Section):
    """Dynamic graph network on constituents [Qu & Gouskos, arXiv:1902.08570; CC22 §3.1]."""

    kind: Literal["particlenet"] = "particlenet"
    neighbours: Int = Field(16, ge=1, le=1023, description="k of the nearest-neighbour graphs")
    blocks: tuple[Annotated[Widths, Field(min_length=1)], ...] = Field(
        ((64, 64, 64), (128, 128, 128), (256, 256, 256)),
        min_length=1,
        max_length=64,
        description="channels of the layers of each EdgeConv block",
    )
    representation: Width = Field(256, ge=2, description="width of the dense layer before the logits")
    dropout: Real = Field(0.0, ge=0, lt=1, description="of the representation, while training")
    output: SpectralGP | None = Field(None, description="SNGP; null for linear logits")


class EdgeBlock(Section):
    """One EdgeConv at trigger size: its edge layer, then layers on each constituent alone."""

    edge: Width = Field(description="channels of the edge layer")
    nodes: Widths = Field((), description="channels of the layers that follow it")

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
    neighbours: Int = Field(4, ge=1, le=127, description="k of the nearest-neighbour graphs")
    blocks: tuple[EdgeBlock, ...] = Field((EdgeBlock(edge=16, nodes=(16,)),), min_length=1, max_length=2)
    dynamic: Int = Field(
        0,
        ge=0,
        le=16384,
        description="leading channels whose distance makes the second graph; 0 to keep the first graph",
    )
    hidden: Widths = Field((32,), description="dense widths after the mean over the constituents")
    representation: Width = Field(20, ge=2, description="dimensions of the representation")
    canonical: bool = Field(True, description="float networks: as in a CNN")
    largest_weight: Real | None = Field(
        None,
        gt=0,
        le=1e6,
        description="canonical: of the representation; narrow directions stay so. null: unit variance for all",
    )


class FCN(Section):
    """Fully connected classifier on four-vectors [CC22 App. B] or on observables."""

    kind: Literal["fcn"] = "fcn"
    hidden: Widths = Field((256, 128), description="widths before the representation")
    representation: Width = Field(12, ge=2)
    dropout: Real = Field(0.2, ge=0, lt=1)


class VAE(Section):
    """Variational autoencoder; its only logit is minus the reconstruction error [Heimel et al.; CC22 ref. 8]."""

    kind: Literal["vae"] = "vae"
    blocks: tuple[Block, ...] = Field(
        (), max_length=64, description="convolutions of the encoder of images; none for vectors"
    )
    hidden: Widths = Field((100, 32), description="dense widths of the encoder, mirrored in the decoder")
    representation: Width = Field(8, description="latent dimensions")
