"""The Verilog project as an export target."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from edgeood.errors import EdgeoodError
from edgeood.export.targets import Order

_VECTORS = 64


def write_verilog(order: Order, path: Path) -> dict[str, Any]:
    """A project of a ParticleNet-lite; ``score.json`` keeps its top module, ports, latency and settings."""
    check_alkaid()
    from edgeood.export.hls.project import project_name
    from edgeood.export.verilog.logic import check_candidates
    from edgeood.export.verilog.ports import Ports
    from edgeood.export.verilog.project import write_project
    from edgeood.export.verilog.stimulus import bench_inputs

    network = order.network
    check_candidates(network)
    vectors = bench_inputs(Ports.of(network), _VECTORS) if order.vectors is None else order.vectors
    about = write_project(network, order.hardware, project_name(order.name), path, vectors)
    return {**about, "target": order.hardware.model_dump(mode="json")}


def check_alkaid() -> None:
    """Raise :class:`EdgeoodError` unless alkaid is installed."""
    if find_spec("alkaid") is None:
        raise EdgeoodError("RTL needs the package 'alkaid'; install `edgeood[rtl]`.")
