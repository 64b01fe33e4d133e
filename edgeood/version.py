"""The package's version, which the build reads from here, and those of the packages that can change a result."""

__version__ = "0.2.0.dev0"

_PACKAGES = (
    "edgeood",
    "torch",
    "lightning",
    "keras",
    "qkeras-v3",
    "brevitas",
    "numpy",
    "onnx",
    "qonnx",
    "hls4ml",
)


def installed_versions() -> dict[str, str]:
    """Versions of Python and of the packages that can change a result, as far as they are installed."""
    import importlib.metadata
    import platform

    versions = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions
