"""The systems as data: what is trained, how the members are combined, and which published line it stands beside."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from edgeood.errors import EdgeoodError
from edgeood.suggestions import suggestion

SetName = Literal["a", "b"]
Combination = Literal["single", "ensemble", "ova_ava"]

BACKGROUND: dict[SetName, tuple[str, ...]] = {"a": ("qcd",), "b": ("quark", "gluon")}
"""Processes that signals are told from."""
REFERENCE: dict[SetName, str] = {"a": "particlenet", "b": "cnn-nurd"}
"""Recipe whose split into training and test events holds for all systems of a set."""
UNSEEN = ("higgs_h20", "higgs_h80", "top_w20")
TABLES = {
    "A plain": "Set A, jet mass left in",
    "A decorrelated": "Set A, made blind to jet mass",
    "A taggers": "Set A, binary classifiers as anti-QCD taggers",
    "B": "Set B, QCD against top",
    "ablation": "Set A, what mass decorrelation depends on",
}

_W = "data.classes.w=[w_augmented]"
_TOP = "data.classes.top=[top_augmented]"
_MATCHED = "data.mass_matching={}"
_OVERLAID = ("data.overlaid={per_jet: 0.5, radius: 0.4}", "score.overlaid=0.5")
_NOT_OVERLAID = ("data.overlaid=null", "score.overlaid=0")
_NATURAL_TOO = ("data.classes.w=[w, w_augmented]", "data.classes.top=[top, top_augmented]")
_PROBABILITY = {"minus_p_background": "−p_QCD"}
_CC22 = _PROBABILITY | {"mahalanobis_background": "Mahalanobis"}
OURS = {"odds_and_distance": "log-odds and distance"}
"""Scores that no paper has, in full beside those that have been published."""
_GZ24 = {"max_logit": "max-logit", "mahalanobis": "Mahalanobis"}


@dataclass(frozen=True)
class Member:
    """A recipe, and what differs from it; every seed is one training."""

    recipe: str
    variant: str = ""
    """Names the difference in the run's folder."""
    overrides: tuple[str, ...] = ()
    """As after ``edgeood train --set``."""
    shares: Mapping[str, float] = field(default_factory=dict)
    """Process → share of its jets that are used at all, where it is not everything."""
    longer: float = 1.0
    """Factor on the epochs."""
    batch: float = 1.0
    """Factor on the batch size: overlaid jets come on top of a batch's known ones."""

    @property
    def name(self) -> str:
        """Name of the recipe with its variant."""
        return f"{self.recipe}-{self.variant}" if self.variant else self.recipe


@dataclass(frozen=True)
class System:
    """One line of the benchmark for each of its scores and signals."""

    name: str
    title: str
    table: str
    jets: SetName
    members: tuple[Member, ...]
    signals: tuple[str, ...]
    combination: Combination = "single"
    decorrelated: bool = False
    headline: bool = False
    """Trained with several seeds, which also give the error."""
    published: str = ""
    """Model of :mod:`edgeood.evaluation.published`; empty if there is none like it."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """The scores that stand in the first table: our name → what the paper calls it."""


def augmented(recipe: str, *classes: str) -> Member:
    """``recipe`` on W and top jets of all masses, matched to the background's spectrum [CC22 §4.2]."""
    return Member(recipe, "augmented", (*classes, _MATCHED))


def _a(name: str, title: str, member: Member | tuple[Member, ...], **settings: object) -> System:
    """A system of set A with the three unseen signals."""
    members = member if isinstance(member, tuple) else (member,)
    chosen: dict[str, Any] = {"table": "A plain", "signals": UNSEEN, "labels": _CC22} | settings
    return System(name, title, jets="a", members=members, **chosen)


def _tagger(of: str, title: str, unseen: str, decorrelated: bool) -> System:
    """A binary classifier QCD/``of``, tested on ``of``, on the other known process and on what nobody knows."""
    recipe, augmentation = f"particlenet-qcd-{of}", _W if of == "w" else _TOP
    suffix, published = ("-augmented", ", mass-augmented") if decorrelated else ("", "")
    return _a(
        f"qcd-{of}{suffix}",
        title + published,
        augmented(recipe, augmentation) if decorrelated else Member(recipe),
        table="A taggers",
        signals=(of, unseen, *UNSEEN),
        decorrelated=decorrelated,
        published=title + published,
        labels=_PROBABILITY,
    )


def _b(name: str, title: str, member: Member, **settings: object) -> System:
    chosen: dict[str, Any] = {"table": "B", "signals": ("top_1tev",), "labels": _GZ24} | settings
    return System(name, title, jets="b", members=(member,), **chosen)


_PLAIN, _OVA = Member("particlenet"), Member("particlenet-ova")
_AUGMENTED = Member("particlenet-augmented")
_OVA_AUGMENTED = augmented("particlenet-ova", "data.classes.known=[w_augmented, top_augmented]")
_NURD = Member("cnn-nurd")
_BLIND: dict[str, Any] = {"table": "A decorrelated", "decorrelated": True, "labels": _CC22 | OURS}

SYSTEMS = (
    _a("particlenet", "ParticleNet", _PLAIN, headline=True, published="ParticleNet"),
    _a("ensemble", "deep ensemble", _PLAIN, combination="ensemble", published="ensemble of 10"),
    _a("ova-ava", "OVA-AVA", (_PLAIN, _OVA), combination="ova_ava", published="OVA-AVA"),
    _a("sngp", "SNGP", Member("particlenet-sngp"), published="SNGP"),
    _a("fcn", "FCN", Member("fcn"), published="FCN"),
    _a(
        "particlenet-augmented", "ParticleNet, mass-augmented", _AUGMENTED, headline=True,
        published="ParticleNet, mass-augmented", **_BLIND,
    ),
    _a(
        "ensemble-augmented", "deep ensemble, mass-augmented", _AUGMENTED, combination="ensemble",
        published="ensemble of 10, mass-augmented", **_BLIND,
    ),
    _a(
        "ova-ava-augmented", "OVA-AVA, mass-augmented", (_AUGMENTED, _OVA_AUGMENTED), combination="ova_ava",
        published="OVA-AVA, mass-augmented", **_BLIND,
    ),
    _a(
        "sngp-augmented", "SNGP, mass-augmented", augmented("particlenet-sngp", _W, _TOP),
        published="SNGP, mass-augmented", **_BLIND,
    ),
    _a("fcn-augmented", "FCN, mass-augmented", augmented("fcn", _W, _TOP), **_BLIND),
    _a("disco", "DisCo λ=100", Member("particlenet-disco"), published="DisCo λ=100", **_BLIND),
    _a(
        "oe-vae", "outlier-exposed VAE", Member("oe-vae"), published="OE-VAE",
        **(_BLIND | {"labels": {"max_logit": "anomaly score"}}),
    ),
    _a(
        "identity-augmented", "ParticleNet with identities, mass-augmented", Member("particlenet-identity-augmented"),
        headline=True, **_BLIND,
    ),
    _a(
        "identity-ensemble", "deep ensemble with identities, mass-augmented", Member("particlenet-identity-augmented"),
        combination="ensemble", **_BLIND,
    ),
    _a("substructure-augmented", "FCN on substructure, mass-augmented", Member("substructure-augmented"), **_BLIND),
    _a(
        "substructure-momenta", "FCN on substructure without identities, mass-augmented",
        Member("substructure-augmented", "momenta", ("inputs.identity=false",)), **_BLIND,
    ),
    _a("nurd-augmented", "NuRD on ParticleNet, mass-augmented", Member("particlenet-nurd-augmented"), **_BLIND),
    _tagger("w", "QCD/W ParticleNet", "top", False),
    _tagger("w", "QCD/W ParticleNet", "top", True),
    _tagger("top", "QCD/top ParticleNet", "w", False),
    _tagger("top", "QCD/top ParticleNet", "w", True),
    _b("vae", "VAE", Member("vae"), published="VAE", labels={"max_logit": "anomaly score"}),
    _b("cnn", "CNN, not decorrelated", Member("cnn")),
    _b(
        "cnn-overlaid", "CNN with overlaid jets, not decorrelated",
        Member("cnn", "overlaid", _OVERLAID, batch=3 / 2),
    ),
    _b("nurd", "NuRD with overlaid jets", _NURD, decorrelated=True, headline=True, published="NuRD"),
    _b(
        "nurd-ensemble", "deep ensemble of NuRD with overlaid jets", _NURD, combination="ensemble", decorrelated=True,
    ),
    _b(
        "nurd-alone", "NuRD without overlaid jets",
        Member("cnn-nurd", "alone", _NOT_OVERLAID, batch=2 / 3),
        decorrelated=True,
    ),
    _b("nurd-particlenet", "NuRD on ParticleNet", Member("particlenet-nurd"), decorrelated=True),
)  # fmt: skip


BASELINES = ("particlenet-augmented", "substructure-augmented")
"""The systems that ablations change in one thing; the second one trains in a minute."""


def _ablation(
    variant: str, title: str, *overrides: str, shares: Mapping[str, float] | None = None, longer: float = 1.0
) -> System:
    member = Member(BASELINES[0], variant, overrides, shares or {}, longer)
    return _a(f"ablation-{variant}", f"ParticleNet, {title}", member, table="ablation", decorrelated=True)


def _quick_ablation(
    variant: str, title: str, *overrides: str, shares: Mapping[str, float] | None = None
) -> System:
    member = Member(BASELINES[1], variant, overrides, shares or {})
    return _a(
        f"substructure-{variant}",
        f"FCN on substructure, {title}",
        member,
        table="ablation",
        decorrelated=True,
    )


def _augmented(share: float) -> dict[str, float]:
    return {"w_augmented": share, "top_augmented": share}


ABLATIONS = (
    _ablation("half", "half of the augmented jets", shares=_augmented(0.5)),
    _ablation("eighth", "an eighth of the augmented jets", shares=_augmented(0.125)),
    _ablation("short", "half of the epochs", longer=0.5),
    _ablation("long", "twice the epochs", longer=2.0),
    _ablation("weight5", "a jet stands for at most 5", "data.mass_matching.largest_weight=5"),
    _ablation("bins5", "mass spectra in 5 GeV bins", "data.mass_matching.bin_gev=5"),
    _ablation("bins20", "mass spectra in 20 GeV bins", "data.mass_matching.bin_gev=20"),
    _ablation("natural", "W and top of natural mass as well", *_NATURAL_TOO),
    _ablation("unrotated", "jets not rotated", "inputs.rotate=false"),
    _quick_ablation("eighth", "an eighth of the augmented jets", shares=_augmented(0.125)),
    _quick_ablation("weight5", "a jet stands for at most 5", "data.mass_matching.largest_weight=5"),
    _quick_ablation("bins20", "mass spectra in 20 GeV bins", "data.mass_matching.bin_gev=20"),
    _quick_ablation("natural", "W and top of natural mass as well", *_NATURAL_TOO),
)  # fmt: skip


def systems_named(names: Iterable[str]) -> tuple[System, ...]:
    """The systems of these names; without any, all but the ablations.

    Raises :class:`EdgeoodError` for an unknown name, with the nearest one.
    """
    known = {system.name: system for system in (*SYSTEMS, *ABLATIONS)}
    chosen = list(names)
    for name in chosen:
        if name not in known:
            hint = suggestion(name, known, f"choose from {', '.join(known)}.")
            raise EdgeoodError(f"there is no system '{name}'; {hint}")
    return tuple(known[name] for name in chosen) if chosen else SYSTEMS
