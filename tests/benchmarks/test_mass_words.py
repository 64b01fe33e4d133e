"""Which mass word a decision needs: the table, and what it is made of."""

import json

import numpy as np
import pytest
from conftest import make_toy_jets
from quantized_runs import make_run

from benchmarks.mass_words.__main__ import main, markdown
from edgeood.errors import EdgeoodError
from edgeood.jets.format import write_jets


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("jets")
    for seed in (1, 2):
        write_jets(folder / f"{seed}.h5", make_toy_jets(600, seed), {})
    return folder / "1.h5", folder / "2.h5"


def test_every_word_with_every_score(files, tmp_path, capsys):
    fitted, reported = files
    run = make_run(tmp_path / "run")
    main(run.path, [fitted], [reported], 0.1, tmp_path)
    content = json.loads((tmp_path / "mass_words.json").read_text())
    assert (content["calibrated"], content["reported"]) == (1200, 1200)
    # A network on images has no candidates to take a mass from.
    words = ["one threshold for all masses", "jet mass, 9 bits of 1 GeV", "jet mass, 6 bits of 8 GeV"]
    assert [row["word"] for row in content["rows"]] == words * 2
    for row in content["rows"]:
        assert row["passed"] == pytest.approx(0.1, abs=0.04)
        assert all(np.isfinite(row[key]).all() for key in ("jsd", "wasserstein_gev"))
    assert (tmp_path / "mass_words.md").read_text() == markdown(content)
    assert "thresholds from 1,200 background jets" in capsys.readouterr().out


def test_jets_are_not_reported_that_were_fitted_on(files, tmp_path):
    with pytest.raises(EdgeoodError, match="given both to fit on and to report on"):
        main(tmp_path, [files[0]], [files[0]], 0.1, tmp_path)
