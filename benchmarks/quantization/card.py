"""The model card of a released detector as Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.quantization.designs import NETWORKS, TOOLKITS
from edgeood.evaluation.labels import jet_label, score_label
from edgeood.evaluation.tables import as_markdown, decision_tables, format_measured
from edgeood.inputs.needs import Needs
from edgeood.jets.domain import told

_TEMPLATE = """\
# {name}

{network}, quantized with {toolkit}: weights and activations of its hidden layers have at most {bits} bits.

```python
from edgeood import load_released

scores, anomalous = load_released("{name}").decide("jets.h5")  # larger = more anomalous
```
{decisions}
## Scores

{scores}

AUROC and rejection 1/ε_B (at ε_S = ½) are against {background}, JSD is between the mass spectra of all {background}
jets and of their most anomalous half; errors are the bootstrap's. EBOPs are effective bit operations of network and
score for one jet. A jet is anomalous if its integer score is above the threshold; integers count steps.

## Data

- Known classes: {classes}. Never trained on: {signals}.
- Trained on {train:,} jets, thresholds from {validation:,} others; objective {objective}.
- Measured on jets of other events: {tested}.
- Of the {background} jets measured on, 99 % have each of {domain}.

{public}## Inputs

{inputs}; rounded to {input_type}.

{needs}

## Bit equality

{verified} `vectors.npz` holds network inputs and the integer scores that every engine must give for them.

## Limits

{limits}

## Made with

{versions}.
"""


def markdown(card: Mapping[str, Any]) -> str:
    """``card.md`` of a card (the content of ``card.json``)."""
    return _TEMPLATE.format(
        name=card["name"],
        network=NETWORKS[card["network"]],
        toolkit=TOOLKITS[card["toolkit"]],
        bits=card["bits"],
        decisions=_decisions(card),
        scores=_scores(card),
        background=jet_label(card["background"]),
        classes=_groups(card["classes"]),
        signals=_groups(card["signals"]) or "–",
        train=card["trained_jets"].get("train", 0),
        validation=card["trained_jets"].get("validation", 0),
        objective=card["objective"],
        tested=", ".join(f"{count:,} {jet_label(name)}" for name, count in card["tested_jets"].items()),
        domain=", ".join(told(key, pair) for key, pair in card["domain"].items()),
        inputs=_inputs(card["inputs"]),
        public=_public(card.get("public_samples", ())),
        needs=_needs(card["needs"]),
        input_type=_type(card["quantization"]["input"]),
        verified=_verified(card["verified"]),
        limits="\n".join(f"- {sentence}" for sentence in card["limits"]),
        versions=", ".join(f"{name} {version}" for name, version in card["versions"].items()),
    )


_DECISION = """
## Decision

A jet is anomalous if its score is above the threshold for its mass, which the stated share of {background} jets passes
at every mass. "One threshold" is the same score with one for all masses, at as many {background} jets. JSD and W₂ are
between the mass spectra of all {background} jets and of those that pass; a decision that knows nothing of mass stays
below the last row in 95 % of all cases. ε_S is the share of a signal that passes, errors are of the size of the sample.

{tables}

Thresholds from {calibrated:,} {background} jets, which no other number of this card is measured on.
"""


def _decisions(card: Mapping[str, Any]) -> str:
    """What the mass-blind decision does; nothing, if there is none."""
    found = {name: own["decisions"] for name, own in card["scores"].items() if "decisions" in own}
    if not found:
        return ""
    results = {"decisions": found}
    return _DECISION.format(
        background=jet_label(card["background"]),
        tables=as_markdown(decision_tables({"": results})).strip(),
        calibrated=card["calibration"]["jets"],
    )


_PUBLIC = """\
## Public samples

What the detector's own decision lets pass of jets of other generators and detectors. None of
them says how well the detector works: most are of other momenta, radii or resolutions than it is made for.

{table}

"""


def _public(samples: Sequence[Mapping[str, Any]]) -> str:
    """What public samples look like to the detector; nothing, if none was asked for."""
    if not samples:
        return ""
    lines = ["| sample | jets | anomalous [%] | like those it is made for |", "|---|--:|--:|---|"]
    for own in samples:
        if "refused" in own:
            lines.append(f"| {own['title']} | – | – | refused: a field is missing |")
            continue
        percent = format_measured([100 * value for value in own["anomalous"]])
        lines.append(
            f"| {own['title']} | {own['jets']:,} | {percent} | {'no' if own['outside'] else 'yes'} |"
        )
    return _PUBLIC.format(table="\n".join(lines))


def _scores(card: Mapping[str, Any]) -> str:
    head = ["score", "signal", "AUROC", "1/ε_B", "JSD [bit]", "EBOPs", "type", "threshold"]
    lines = ["| " + " | ".join(head) + " |", "|---|---|--:|--:|--:|--:|---|--:|"]
    for score, own in card["scores"].items():
        for signal, measured in own["signals"].items():
            cells = [
                score_label(score),
                jet_label(signal),
                format_measured(measured["auroc"]),
                format_measured(measured["rejection50"]),
                format_measured(own["sculpting"]["0.5"]["jsd"]),
                f"{own['ebops']:,}",
                _type(own["types"]["score"]),
                f"{own['threshold_integer']} × {own['step']:g}",
            ]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _inputs(inputs: Mapping[str, Any]) -> str:
    settings = ", ".join(f"{key} {value}" for key, value in inputs.items() if key != "kind")
    return f"{inputs['kind'].replace('_', ' ').capitalize()} ({settings})"


def _needs(fields: Mapping[str, Sequence[str]]) -> str:
    needs = Needs(tuple(fields["jets"]), tuple(fields["constituents"]))
    of_jets, of_constituents = (", ".join(f"`{name}`" for name in names) for names in needs)
    sentence = f"Needs {of_jets} of the jets and {of_constituents} of the constituents."
    if needs.optional:
        told = ", ".join(f"`{name}`" for name in needs.optional)
        sentence += f" Jets that do not tell {told} are refused."
    return sentence


def _groups(groups: Mapping[str, list[str]]) -> str:
    return "; ".join(f"{jet_label(name)} ({', '.join(members)})" for name, members in groups.items())


def _type(fixed_type: Mapping[str, Any]) -> str:
    sign = "signed" if fixed_type["signed"] else "unsigned"
    return f"{fixed_type['bits']} bits, {fixed_type['integer']} of them integer, {sign}"


def _verified(record: Mapping[str, Any] | None) -> str:
    if record is None:
        return "ONNX Runtime gives the network's integers for the test vectors."
    engines = " = ".join(record["engines"])
    return f"{engines} on {record['jets']:,} jets: {record['mismatches']} mismatches."
