"""Commands that measure what a machine carries when the model costs nothing."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.commands.command import above_zero, command, option
from benchmarks.commands.result import environment, leave
from benchmarks.load.session import Session
from tensorrt_tts.errors import TTSError
from tensorrt_tts.loading import check_device
from tensorrt_tts.loop_thread import run_blocking
from tensorrt_tts.notice import notice


@command(
    "streams that the host carries when the model costs nothing",
    option("--codecs", default="null,random", help="one after another (%(default)s)"),
    above_zero("--limit", default=256, help="streams at most (%(default)s)"),
    above_zero("--seconds", float, default=10.0, help="of audio in an answer"),
    above_zero("--rate", float, help="tokens a second per stream (82.03)"),
    option("--out", type=Path, default=Path("out/host-overhead")),
)
def host_overhead(parsed: argparse.Namespace) -> None:
    from benchmarks.host.overhead import (
        SERVER,
        Level,
        host_overhead,
        results,
        streams_held,
        table,
    )

    settings = {"codecs": parsed.codecs, "seconds": parsed.seconds, "rate": parsed.rate}
    session = Session(parsed.out, SERVER, settings)
    levels: list[Level] = []
    held = []
    for codec in parsed.codecs.split(","):
        found = run_blocking(
            host_overhead(
                codec,
                parsed.out,
                session,
                parsed.limit,
                parsed.seconds,
                parsed.rate,
                progress=lambda level: notice(table([level])),
            )
        )
        levels += found
        held.append(f"{codec}: {streams_held(found)} real-time streams")
    print(table(levels))
    print(*held, sep="\n")
    leave(results(levels), parsed.out / "host.json")


@command(
    "what the server adds to a chunk, and the streams it holds, by protocol",
    option(
        "--protocols", default="ws_tts,openai,cartesia,deepgram,elevenlabs", help="(%(default)s)"
    ),
    above_zero("--streams", default=50, help="callers (%(default)s)"),
    above_zero("--limit", default=256, help="streams at most (%(default)s)"),
    option("--latency-only", action="store_true", help="no search for streams held"),
    above_zero("--seconds", float, default=10.0, help="of audio in an answer"),
    option("--out", type=Path, default=Path("out/protocol-overhead")),
)
def protocol_overhead(parsed: argparse.Namespace) -> None:
    from benchmarks.host.overhead import SERVER, streams_held
    from benchmarks.host.protocol_overhead import ProtocolOverhead, results, table

    names = parsed.protocols.split(",")
    settings = {"seconds": parsed.seconds, "streams": parsed.streams}
    session = Session(parsed.out, SERVER, settings)
    suite = ProtocolOverhead(
        parsed.out, session, parsed.seconds, parsed.streams, parsed.limit, notice
    )
    rows = run_blocking(suite.added(names))
    held = run_blocking(suite.held(names)) if not parsed.latency_only else {}
    print(table(rows))
    for name, levels in held.items():
        print(f"{name}: {streams_held(levels)} real-time streams")
    leave(results(rows, held), parsed.out / "protocols.json")


@command(
    "a server asked for twice what it can do, on every route: does anything leak?",
    above_zero("--minutes", float, default=10.0, help="(%(default)s)"),
    above_zero("--slots", default=8, help="of the server (%(default)s)"),
    option("--seed", type=int, default=0, help="of what callers do (%(default)s)"),
    option("--out", type=Path, default=Path("out/soak")),
)
def soak(parsed: argparse.Namespace) -> None:
    from benchmarks.host.soak import soak, table

    found = run_blocking(soak(parsed.minutes, parsed.slots, parsed.seed, parsed.out, notice))
    print(table(found))
    leave({"soak": found.results()}, parsed.out / "soak.json")
    if objections := found.objections():
        raise TTSError(f"the server did not hold: {'; '.join(objections)}")


@command(
    "streams held by our codec path and by the usual ones, and what happens beyond",
    option("--codecs", default="demo,random", help="one by one (%(default)s)"),
    option("--policies", help="some of batched,stateful,single,window,again (all)"),
    option("--device", default="cpu", help="that the codec runs on: cpu or cuda (%(default)s)"),
    above_zero("--limit", default=64, help="streams at most (%(default)s)"),
    above_zero("--seconds", float, default=5.0, help="of audio in an answer"),
    option("--out", type=Path, default=Path("out/capacity")),
)
def capacity(parsed: argparse.Namespace) -> None:
    import torch

    from benchmarks.host.capacity import BATCHED, POLICIES, beyond, capacity, slots_beyond, table
    from benchmarks.host.overhead import SERVER
    from benchmarks.host.overhead import table as level_table

    check_device(parsed.device)
    torch.set_num_threads(1)  # of this process, which only compares
    policies = parsed.policies.split(",") if parsed.policies else tuple(POLICIES)
    settings = {"codecs": parsed.codecs, "policies": policies, "seconds": parsed.seconds}
    session = Session(parsed.out, SERVER, settings)
    measured_on = environment()
    rows, points, levels = [], [], []
    for codec in parsed.codecs.split(","):
        folder = parsed.out / Path(codec).name
        held, tried = run_blocking(
            capacity(
                codec,
                folder,
                session,
                parsed.limit,
                parsed.seconds,
                policies,
                progress=lambda level: notice(level_table([level])),
                device=parsed.device,
            )
        )
        rows += held
        levels += tried
        for row in held:
            if row.policy == BATCHED and row.streams:
                for slots in slots_beyond(row.streams):
                    points += run_blocking(
                        beyond(
                            *(codec, slots, folder, session, parsed.seconds), device=parsed.device
                        )
                    )
    print(table(rows, points))
    named: dict[str, list[Any]] = {"capacity": rows, "beyond": points, "levels": levels}
    found = {name: [asdict(one) for one in those] for name, those in named.items()}
    leave(found, parsed.out / "capacity.json", measured_on)
