"""An engine is what its plan says, in every field that the plan decides."""

import json

import pytest

from engines.build import build_engine
from engines.check_plan import check_planned
from tensorrt_tts.engine_folder.check import check_engine
from tensorrt_tts.errors import EngineMismatchError


def test_what_the_plan_said(host, make_plan, checkpoint, tmp_path):
    engine = build_engine(make_plan(), checkpoint, host, tmp_path).folder
    assert check_planned(engine, make_plan()) == check_engine(engine)
    with pytest.raises(EngineMismatchError, match="quant_algo None, the plan says W8A16"):
        check_planned(engine, make_plan("int8"))


@pytest.mark.parametrize("section", ["pretrained_config", "build_config"])
def test_a_folder_still_being_built(host, make_plan, checkpoint, tmp_path, section):
    """It has no manifest yet, and a hidden name."""
    engine = build_engine(make_plan(), checkpoint, host, tmp_path).folder
    (engine / "manifest.json").unlink()
    engine = engine.rename(tmp_path / ".engine.building-x")
    check_planned(engine, make_plan())
    field = {"pretrained_config": "dtype", "build_config": "max_num_tokens"}[section]
    document = json.loads((engine / "config.json").read_text())
    document[section][field] = {"dtype": "bfloat16", "max_num_tokens": 7}[field]
    (engine / "config.json").write_text(json.dumps(document))
    with pytest.raises(EngineMismatchError, match=f"has {field} (bfloat16|7), the plan says"):
        check_planned(engine, make_plan())


def test_awq_has_exactly_its_padding(host, make_plan, checkpoint, tmp_path):
    planned = make_plan("int4-awq")
    folder = build_engine(planned, checkpoint, host, tmp_path).folder
    info = check_planned(folder, planned)
    assert check_engine(folder, checkpoint=planned.architecture) == info
    assert info.vocab_size == planned.architecture.vocab_size < planned.vocab_rows
    (folder / "manifest.json").unlink()  # and then nobody knows how much of it is padding
    unknown = check_planned(folder, planned)
    assert check_engine(folder, checkpoint=planned.architecture) == unknown
    assert unknown.vocab_size is None
    assert "which rows of an AWQ engine's head are padding" in unknown.unchecked[-1]
    path = folder / "config.json"
    for rows in (planned.architecture.vocab_size, planned.vocab_rows + 64):
        document = json.loads(path.read_text())
        document["pretrained_config"]["vocab_size"] = rows
        path.write_text(json.dumps(document))
        with pytest.raises(EngineMismatchError, match=f"has vocab_size {rows}, the plan says"):
            check_planned(folder, planned)
