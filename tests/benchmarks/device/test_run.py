import json
from dataclasses import replace

import pytest

from benchmarks.command_line import main
from benchmarks.device import run as device_run
from benchmarks.device.backbone import BackboneRate
from benchmarks.device.ceilings import Ceilings
from benchmarks.device.codec_exactness import Exactness
from benchmarks.device.codec_rates import CodecRate
from benchmarks.device.result import FILE
from benchmarks.device.run import LEAST_S, DeviceRun
from benchmarks.host.overhead import remembered, search
from tensorrt_tts.errors import SettingError
from tests.benchmarks.host.test_overhead import LEVEL

CEILINGS = Ceilings(4000.0, 800.0, 1, 1, 20)


class Device:
    """What was measured, in order. Each figure takes `seconds` of a clock of its own; `held` is the
    largest level that the server holds; `stop` ends the run as Ctrl-C does, at that figure."""

    def __init__(self):
        self.measured = []
        self.served = []
        self.started = []
        self.now = 0.0
        self.seconds = {}
        self.held = 40
        self.stop = None

    def clock(self):
        return self.now

    def measure(self, what):
        if what == self.stop:
            raise KeyboardInterrupt
        self.measured.append(what)
        self.now += self.seconds.get(what[0], 1.0)

    def ceilings(self, device):
        self.measure(("ceilings",))
        return CEILINGS

    def exactness(self, name, device):
        self.measure(("exactness", name))
        yield Exactness(name, "offline, against the CPU", 1, 0, 2048)

    def codec_rates(self, codec, batches):
        for batch in batches:
            self.measure(("codec", batch))
            yield CodecRate(batch, 2.0, 40.0)

    def open_shape(self, folder, device, streams, hand_on, arguments):
        self.started.append((streams, arguments))
        return self

    async def close(self):
        self.started.append("closed")

    async def backbone_rates(self, backend, sampling, roofline, batches):
        for batch in batches:
            self.measure(("backbone", batch))
            yield BackboneRate(batch, 200.0, 200.0, 5.0, 400.0, 0.5, 20.0)

    async def host_overhead(self, codec, folder, session, limit, seconds, **options):
        flags = options["more"]
        self.served.append((folder.name, limit, dict(zip(flags[::2], flags[1::2], strict=True))))

        async def attempt(streams):
            self.measure(("level", streams))
            return replace(LEVEL, streams=streams, held=streams <= self.held)

        known, keep = options["known"], options["keep"]
        return await search(remembered(attempt, known, keep), limit, options["first"])


@pytest.fixture
def device(monkeypatch):
    found = Device()
    for name in ("ceilings", "exactness", "codec_rates", "open_shape", "backbone_rates"):
        monkeypatch.setattr(device_run, name, getattr(found, name))
    monkeypatch.setattr(device_run, "host_overhead", found.host_overhead)
    monkeypatch.setattr(device_run, "open_codec", lambda name, device: (None, None))
    monkeypatch.setattr(device_run, "versions", lambda commit: {"commit": commit or "none"})
    return found


def saved(folder):
    return json.loads((folder / FILE).read_text())


async def test_a_whole_run(tmp_path, device):
    found = await DeviceRun("tiny", "cpu", tmp_path, batches=(1, 8), limit=64).run()
    engine = found.engines["bf16"]
    assert list(found.stage_s) == ["ceilings", "exactness", "codec"]
    assert list(engine.stage_s) == ["backbone", "first-audio", "callers"]
    assert (found.incomplete, engine.incomplete) == ([], [])
    assert [level.streams for level in engine.callers] == [16, 32, 64, 48, 40, 44]
    assert engine.first_audio is not None
    assert engine.hand_on == {"first-audio": 1, "callers": 7}
    assert [name for name, *_ in device.served] == ["first-audio", "callers"]


async def test_every_engine_is_started_for_the_same_size_so_that_it_compiles_once(tmp_path, device):
    await DeviceRun("tiny", "cpu", tmp_path, batches=(1, 8), limit=64).run()
    assert device.started == [(64, {}), "closed"]
    assert {flags["--engine-streams"] for _, _, flags in device.served} == {"64"}


@pytest.mark.parametrize(
    ("stop", "kept"),
    [
        (("codec", 8), {"codec": [1]}),
        (("backbone", 64), {"codec": [1, 8, 64], "backbone": [1, 8]}),
        (("level", 32), {"backbone": [1, 8, 64], "callers": [16]}),
        (("level", 16), {"callers": []}),
    ],
)
async def test_a_stage_cut_short_keeps_its_figures_and_the_next_call_goes_on(
    tmp_path, device, stop, kept
):
    run = DeviceRun("tiny", "cpu", tmp_path, batches=(1, 8, 64), limit=64)
    device.stop = stop
    with pytest.raises(KeyboardInterrupt):
        await run.run()
    before = saved(tmp_path)
    engine = before["engines"].get("bf16", {})
    figures = {
        "codec": [rate["batch"] for rate in before["codec_rates"]],
        "backbone": [rate["batch"] for rate in engine.get("backbone", [])],
        "callers": [level["streams"] for level in engine.get("callers", [])],
    }
    assert {name: figures[name] for name in kept} == kept
    cut = {"level": "callers"}.get(stop[0], stop[0])
    assert before["incomplete"] + engine.get("incomplete", []) == [cut]

    device.stop = None
    once = list(device.measured)
    found = await run.run()
    assert found.incomplete + found.engines["bf16"].incomplete == []
    again = device.measured[len(once) :]
    assert again[0] == stop
    assert len(set(device.measured)) == len(device.measured)  # nothing was measured twice
    assert [level.streams for level in found.engines["bf16"].callers] == [16, 32, 64, 48, 40, 44]


async def test_what_is_whole_is_not_measured_again(tmp_path, device):
    lines = []
    run = DeviceRun("tiny", "cpu", tmp_path, batches=(1,), limit=2, say=lines.append)
    await run.run()
    count = len(device.measured)
    await run.run()
    assert len(device.measured) == count
    assert "callers: whole already; another --out measures it again" in lines


async def test_more_batches_are_added(tmp_path, device):
    for batches in ((1, 8), (1, 8, 64)):
        found = await DeviceRun("tiny", "cpu", tmp_path, batches=batches).run(
            ("ceilings", "codec", "backbone")
        )
    assert [rate.batch for rate in found.engines["bf16"].backbone] == [1, 8, 64]
    assert [what for what in device.measured if what[0] == "codec"] == [
        ("codec", 1),
        ("codec", 8),
        ("codec", 64),
    ]


async def test_two_precisions_stand_side_by_side(tmp_path, device):
    for precision in ("bf16", "fp8"):
        run = DeviceRun("tiny", "cpu", tmp_path, batches=(1,), limit=2, precision=precision)
        found = await run.run()
    assert list(found.engines) == ["bf16", "fp8"]
    assert device.started[::2] == [(2, {}), (2, {"quantization": "fp8"})]
    assert [name for name, *_ in device.served] == [
        *("first-audio", "callers"),
        *("first-audio-2-fp8", "callers-2-fp8"),
    ]
    assert json.loads(device.served[-1][2]["--engine-arguments"]) == {"quantization": "fp8"}
    assert saved(tmp_path)["streams_held"] == {"bf16": 2, "fp8": 2}


async def test_engine_arguments_reach_every_engine_and_the_result(tmp_path, device):
    arguments = {"attention_backend": "TRITON_ATTN"}
    run = DeviceRun(*("tiny", "cpu", tmp_path), batches=(1,), limit=2, engine_arguments=arguments)
    await run.run()
    assert device.started[0] == (2, arguments)
    assert {flags["--engine-arguments"] for _, _, flags in device.served} == {json.dumps(arguments)}
    (engine,) = saved(tmp_path)["engines"].values()
    assert engine["arguments"] == arguments


async def test_a_stage_that_does_not_fit_is_left_out_and_said(tmp_path, device):
    lines = []
    run = DeviceRun(
        *("tiny", "cpu", tmp_path),
        batches=(1,),
        limit=2,
        budget_s=LEAST_S["backbone"] + 10,
        say=lines.append,
        clock=device.clock,
    )
    device.seconds = {"ceilings": 9.0}
    found = await run.run()
    engine = found.engines["bf16"]
    assert list(engine.stage_s) == ["first-audio"]
    left_out = [line for line in lines if "left out" in line]
    assert left_out == [
        "backbone: left out, 138 s left of the 140 it needs",
        "callers: left out, 137 s left of the 180 it needs",
    ]
    assert (found.incomplete, engine.incomplete) == ([], [])


async def test_what_a_stage_took_before_counts_more_than_the_estimate(tmp_path, device):
    device.seconds = {"backbone": 300.0}
    first = DeviceRun("tiny", "cpu", tmp_path, batches=(1,), clock=device.clock)
    await first.run(("ceilings", "backbone"))
    lines = []
    later = replace(first, precision="fp8", budget_s=200.0, say=lines.append)
    await later.run(("backbone",))
    assert lines == ["backbone: left out, 200 s left of the 300 it needs"]


async def test_a_budget_that_ends_within_a_stage_keeps_what_was_found(tmp_path, device):
    device.seconds = {"level": 100.0}
    lines = []
    run = DeviceRun(
        *("tiny", "cpu", tmp_path),
        batches=(1,),
        limit=64,
        budget_s=190.0,
        say=lines.append,
        clock=device.clock,
    )
    found = await run.run(("callers",))
    engine = found.engines["bf16"]
    assert [level.streams for level in engine.callers] == [16, 32]
    assert engine.incomplete == ["callers"]
    assert "the budget is used up" in lines[-1]
    assert saved(tmp_path)["engines"]["bf16"]["incomplete"] == ["callers"]
    device.seconds = {}
    found = await run.run(("callers",))
    assert found.engines["bf16"].incomplete == []


async def test_without_the_ceilings_there_is_no_backbone(tmp_path, device):
    run = DeviceRun("tiny", "cpu", tmp_path, budget_s=1.0, clock=device.clock)
    with pytest.raises(SettingError, match="ceilings"):
        await run.run(("backbone",))


async def test_a_codec_that_costs_nothing_is_not_timed(tmp_path, device):
    found = await DeviceRun("tiny", "cpu", tmp_path, codec="null").run(("codec", "exactness"))
    assert (found.codec_rates, found.exactness) == ([], [])


async def test_a_precision_that_there_is_not(tmp_path):
    with pytest.raises(SettingError, match="bf16, fp8"):
        await DeviceRun("tiny", "cpu", tmp_path, precision="int3").run()


@pytest.mark.parametrize("flags", [["--engine-arguments", "[1]"], ["--engine-arguments", "{"]])
def test_engine_arguments_are_an_object(flags, capsys):
    with pytest.raises(SystemExit) as raised:
        main(["device", *flags])
    assert raised.value.code == 2
    assert "no JSON object" in capsys.readouterr().err


def test_a_budget_of_nothing(capsys):
    assert main(["device", "--budget-s", "0"]) == 2
    assert "--budget-s 0: must be above 0" in capsys.readouterr().err
