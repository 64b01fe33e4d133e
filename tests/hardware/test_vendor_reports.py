"""Reports of Vitis HLS, frozen in its formats, and what is said where the tool is missing."""

import shutil
from pathlib import Path

import pytest

from edgeood.errors import EdgeoodError
from edgeood.hardware.vendor_reports import RESOURCES, read_cosimulation, read_reports, read_synthesis
from edgeood.hardware.vendor_tools import TOOLS, build, find_tool, without_tool

DATA = Path(__file__).parent / "data" / "vitis"
SYNTHESIS, COSIMULATION = DATA / "tiny_twin_1_csynth.xml", DATA / "tiny_twin_1_cosim.rpt"


def built_project(folder: Path) -> Path:
    """A project's folder as the tool leaves it."""
    for part, file in (("syn", SYNTHESIS), ("sim", COSIMULATION)):
        reports = folder / "tiny_twin_1_prj" / "solution1" / part / "report"
        reports.mkdir(parents=True)
        shutil.copy(file, reports)
    (folder / "project.tcl").write_text('set project_name "tiny_twin_1"\nset backend "vitis"\n')
    (folder / "tiny_twin_1_prj" / "hls.app").write_text(
        '<project xmlns="com.autoesl.autopilot.project"><solutions><solution name="solution1"/></solutions></project>'
    )
    return folder


def values(report: dict) -> dict:
    return {name: figure["value"] for name, figure in report["figures"].items()}


def test_synthesis_figures() -> None:
    report = read_synthesis(SYNTHESIS)
    assert (report["tool_version"], report["top"]) == ("2023.2", "tiny_twin_1")
    assert report["part"] == "xcvu13p-flga2577-2-e"
    assert values(report) == {
        "clock_target": 5.0,
        "clock_estimate": 3.622,
        "latency_min": 283,
        "latency_max": 285,
        "interval_min": 259,
        "interval_max": 260,
        "LUT": 14935,
        "FF": 6178,
        "DSP": 21,
        "BRAM_18K": 4,
        "URAM": 0,
    }
    available = {name: report["figures"][name]["available"] for name in RESOURCES}
    assert available == {"LUT": 1728000, "FF": 3456000, "DSP": 12288, "BRAM_18K": 5376, "URAM": 1280}


def test_cosimulation_figures() -> None:
    report = read_cosimulation(COSIMULATION)
    assert (report["language"], report["status"]) == ("Verilog", "pass")
    assert list(values(report).items()) == [
        ("latency_min", 279),
        ("latency_avg", 281),
        ("latency_max", 288),
        ("interval_min", 257),
        ("interval_avg", 258),
        ("interval_max", 261),
    ]


def test_every_figure_tells_its_unit_and_origin() -> None:
    units = {"clock_target": "ns", "clock_estimate": "ns", **{name: name for name in RESOURCES}}
    for report in (read_synthesis(SYNTHESIS), read_cosimulation(COSIMULATION)):
        for name, figure in report["figures"].items():
            assert figure["provenance"] == "vitis"
            assert figure["unit"] == units.get(name, "cycles")


def test_reports_agree_with_hls4mls_own_reader(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    vivado_report = pytest.importorskip("hls4ml.report.vivado_report")
    folder = built_project(tmp_path)
    theirs = vivado_report.parse_vivado_report(str(folder))
    capsys.readouterr()
    ours = read_reports(folder, "tiny_twin_1")
    synthesis, cosimulation = ours["synthesis"]["figures"], ours["cosimulation"]["figures"]
    names = {
        "TargetClockPeriod": "clock_target",
        "EstimatedClockPeriod": "clock_estimate",
        "BestLatency": "latency_min",
        "WorstLatency": "latency_max",
        "IntervalMin": "interval_min",
        "IntervalMax": "interval_max",
        **{name: name for name in RESOURCES},
    }
    for key, text in theirs["CSynthesisReport"].items():
        if key.startswith("Available"):
            assert float(text) == synthesis[key.removeprefix("Available")]["available"]
        else:
            assert float(text) == synthesis[names.pop(key)]["value"]
    assert not names
    for key, name in {
        "LatencyMin": "latency_min",
        "LatencyMax": "latency_max",
        "IntervalMax": "interval_max",
    }.items():
        assert float(theirs["CosimReport"][key]) == cosimulation[name]["value"]
    assert theirs["CosimReport"]["Status"].lower() == ours["cosimulation"]["status"]


def test_numbers_that_the_tool_could_not_tell(tmp_path: Path) -> None:
    synthesis, cosimulation = tmp_path / "csynth.xml", tmp_path / "cosim.rpt"
    synthesis.write_text(SYNTHESIS.read_text().replace(">285<", ">undef<").replace(">260<", ">undef<"))
    figures = values(read_synthesis(synthesis))
    assert [figures[name] for name in ("latency_min", "latency_max", "interval_max")] == [283, None, None]
    one_jet = COSIMULATION.read_text()
    for number in ("257", "258", "261"):
        one_jet = one_jet.replace(number, " NA")
    cosimulation.write_text(one_jet.replace("Pass", "Fail"))
    report = read_cosimulation(cosimulation)
    assert list(values(report).values()) == [279, 281, 288, None, None, None]
    assert report["status"] == "fail"


def test_reports_of_vivado_hls(tmp_path: Path) -> None:
    """DSPs have another name, small parts no URAM."""
    old = tmp_path / "csynth.xml"
    text = SYNTHESIS.read_text().replace("DSP>", "DSP48E>")
    old.write_text("\n".join(line for line in text.splitlines() if "URAM" not in line))
    figures = read_synthesis(old, "vivado")["figures"]
    assert figures["DSP"] == {"value": 21, "unit": "DSP", "provenance": "vivado", "available": 12288}
    assert "URAM" not in figures


def test_a_project_without_cosimulation(tmp_path: Path) -> None:
    folder = built_project(tmp_path)
    (folder / "tiny_twin_1_prj/solution1/sim/report/tiny_twin_1_cosim.rpt").unlink()
    report = read_reports(folder, "tiny_twin_1")
    assert report["cosimulation"] is None
    assert report["synthesis"]["figures"]["LUT"]["value"] == 14935


def test_unusable_reports_are_told(tmp_path: Path) -> None:
    (tmp_path / "project.tcl").write_text('set backend "vivado"\n')
    with pytest.raises(EdgeoodError, match=r"no synthesis report .*tiny_twin_1_csynth.xml; run C-synthesis"):
        read_reports(tmp_path, "tiny_twin_1")
    with pytest.raises(EdgeoodError, match=r"no co-simulation report .*run co-simulation first"):
        read_cosimulation(tmp_path / "x_cosim.rpt")
    broken = tmp_path / "csynth.xml"
    broken.write_text(SYNTHESIS.read_text()[:700])
    with pytest.raises(EdgeoodError, match="is no synthesis report of Vitis HLS"):
        read_synthesis(broken)
    broken.write_text(SYNTHESIS.read_text().replace("Worst-caseLatency", "Latency"))
    with pytest.raises(EdgeoodError, match=r"it has no PerformanceEstimates/.*/Worst-caseLatency"):
        read_synthesis(broken)
    broken.write_text(SYNTHESIS.read_text().replace("AvailableResources", "Resources"))
    with pytest.raises(EdgeoodError, match="it has no AreaEstimates/AvailableResources/LUT"):
        read_synthesis(broken)
    broken.write_text(SYNTHESIS.read_text().replace(">14935<", ">many<"))
    with pytest.raises(EdgeoodError, match=r"csynth.xml is no synthesis report of Vitis HLS \(.*many"):
        read_synthesis(broken)
    empty = tmp_path / "cosim.rpt"
    empty.write_text(COSIMULATION.read_text().replace("Pass", "NA"))
    with pytest.raises(EdgeoodError, match="reports no co-simulation of VHDL or Verilog"):
        read_cosimulation(empty)


def test_without_a_tool_nothing_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for backend, tools in TOOLS.items():
        project = tmp_path / backend
        project.mkdir()
        (project / "project.tcl").write_text(f'variable backend\nset backend "{backend}"\n')
        assert find_tool(backend) is None
        assert build(project, "tiny_twin_1") is None
        assert [file.name for file in project.iterdir()] == ["project.tcl"]
        sentence = without_tool(project)
        assert sentence.endswith(".")
        assert all(name in sentence for name in tools)
        assert str(project) in sentence


def test_a_folder_that_is_no_project_is_told(tmp_path: Path) -> None:
    (tmp_path / "project.tcl").write_text('set backend "quartus"\n')
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(EdgeoodError, match="is no HLS project for Vitis or Vivado; export it again"):
            build(folder, "tiny_twin_1")
