"""Commands that measure a codec: what it costs, and how exact it is."""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from benchmarks.commands.command import above_zero, command, numbers, option
from benchmarks.commands.result import leave
from tensorrt_tts.errors import TTSError
from tensorrt_tts.loop_thread import run_blocking
from tensorrt_tts.notice import notice


@command(
    "what decoding costs per second of audio, by policy and length",
    above_zero("--lengths", numbers, default=(5.0, 20.0, 60.0), help="5,20,60"),
    option(
        "--codec",
        default="random",
        help="random, demo, bicodec, bicodec/4 (a quarter as wide), a folder (%(default)s)",
    ),
    option("--device", default="cpu"),
    option("--out", type=Path, default=Path("out/decode")),
    option("--repeats", type=int, help="decodes of a short length, at most (5)"),
)
def decode_cost(parsed: argparse.Namespace) -> None:
    import torch

    from benchmarks.codecs.coded import SNAC_USUAL, coded_snac, is_bicodec, open_codec, open_coded
    from benchmarks.codecs.decode_cost import decode_costs, table
    from benchmarks.codecs.heard import HEARD_FRAMES, SPOKEN, heard, spoken
    from benchmarks.codecs.heard import table as heard_table

    torch.set_num_threads(1)  # what one stream gets on a server, and comparable between machines
    coded = open_coded(parsed.codec, parsed.device)
    rows = decode_costs(coded, parsed.lengths, progress=notice, repeats=parsed.repeats)
    print(table(rows))
    found: dict[str, Any] = {"decode_cost": [asdict(row) for row in rows]}
    if is_bicodec(parsed.codec):
        compared = {"heard": heard(coded, coded.ids(HEARD_FRAMES))}
        found |= {"codec": parsed.codec}
    elif parsed.codec == "demo":
        (ids,), parser = run_blocking(spoken("demo", [SPOKEN]))
        silent = coded_snac(*open_codec("demo", parsed.device, noise=False))
        compared = {
            name: heard(replace(its, parser=parser, ways=SNAC_USUAL), ids)
            for name, its in (("heard", coded), ("heard_without_noise", silent))
        }
    else:
        compared = {}
    for name, its in compared.items():
        print(f"\n{name.replace('_', ' ')}:\n{heard_table(its)}")
    found |= {name: [row.as_dict() for row in its] for name, its in compared.items()}
    leave(found, parsed.out / "decode.json")


@command(
    "what a smaller lookahead costs in accuracy, with a codec's weights",
    option("--codec", default="bicodec", help="as of decode-cost (%(default)s)"),
    above_zero("--seconds", float, default=3.4, help="of audio (%(default)s)"),
    option("--device", default="cpu"),
    option("--out", type=Path, default=Path("out/stability")),
)
def stability(parsed: argparse.Namespace) -> None:
    import torch

    from benchmarks.codecs.coded import open_coded
    from benchmarks.codecs.error_curve import error_curve, table

    torch.set_num_threads(1)
    curve = error_curve(open_coded(parsed.codec, parsed.device), parsed.codec, parsed.seconds)
    print(table(curve))
    leave(curve.as_dict(), parsed.out / "stability.json")


@command(
    "a codec's tensors against those of the official code",
    option("folder", type=Path, help="config, weights and npz files of tensors"),
    above_zero("--tolerance", float, help="where a file states none (2e-5)"),
    option("--out", type=Path, default=Path("out/codec-golden")),
)
def codec_golden(parsed: argparse.Namespace) -> None:
    import torch

    from benchmarks.codecs.golden import TOLERANCE, as_rows, codec_golden, table

    torch.set_num_threads(1)
    tolerance = TOLERANCE if parsed.tolerance is None else parsed.tolerance
    rows = list(codec_golden(parsed.folder, tolerance))
    print(table(rows))
    found = {"folder": str(parsed.folder), "tensors": as_rows(rows)}
    leave(found, parsed.out / "codec-golden.json")
    beyond = [row for row in rows if not row.within]
    if beyond:
        raise TTSError(
            f"{len(beyond)} of {len(rows)} tensors are not within their tolerance, the first "
            f"{beyond[0].tensor} of {beyond[0].case}: config, weights and tensors must be of one "
            "checkpoint"
        )


@command(
    "what it costs to encode a recording for cloning",
    above_zero("--lengths", numbers, default=(6.0, 30.0), help="6,30"),
    option("--out", type=Path, default=Path("out/clone-cost")),
)
def clone_cost(parsed: argparse.Namespace) -> None:
    import torch

    from benchmarks.codecs.clone_cost import clone_costs, open_random, table

    torch.set_num_threads(1)
    costs = clone_costs(parsed.lengths, *open_random())
    print(table(costs))
    leave({"costs": [asdict(cost) for cost in costs]}, parsed.out / "clone-cost.json")


@command(
    "what 16 to 48 kHz by AP-BWE costs per second of audio",
    above_zero("--chunks", numbers, help="seconds at a time (0.06,0.25,1,5)"),
    above_zero("--seconds", float, default=5.0, help="of audio (%(default)s)"),
    option("--out", type=Path, default=Path("out/extension-cost")),
)
def extension_cost(parsed: argparse.Namespace) -> None:
    import torch

    from benchmarks.codecs.extension_cost import (
        CHUNKS,
        extension_costs,
        open_random,
        table,
    )

    torch.set_num_threads(1)
    costs = extension_costs(open_random(), parsed.chunks or CHUNKS, parsed.seconds)
    print(table(costs))
    leave({"extension": [asdict(cost) for cost in costs]}, parsed.out / "extension-cost.json")


@command(
    "how often a chunk's border is heard, of what the demo voice says",
    above_zero("--texts", default=5, help="sentences (%(default)s)"),
    above_zero("--seeds", default=2, help="of each (%(default)s)"),
    option("--out", type=Path, default=Path("out/seams")),
)
def seams(parsed: argparse.Namespace) -> None:
    import torch

    from benchmarks import prompts
    from benchmarks.codecs.coded import SNAC_USUAL, coded_snac, open_codec
    from benchmarks.codecs.heard import spoken
    from benchmarks.codecs.seam_survey import sentences, survey, table

    torch.set_num_threads(1)
    chosen = sentences([prompt.text for prompt in prompts.load("en")], parsed.texts)
    speeches, parser = run_blocking(spoken("demo", chosen, parsed.seeds))
    coded = replace(
        coded_snac(*open_codec("demo", "cpu", noise=False)), parser=parser, ways=SNAC_USUAL
    )
    rows = survey(coded, speeches)
    print(table(rows))
    found = [asdict(row) for row in rows]
    leave({"texts": chosen, "seeds": parsed.seeds, "seams": found}, parsed.out / "seams.json")
