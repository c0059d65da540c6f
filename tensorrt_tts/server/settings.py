"""Every knob of the server: environment variables `TTS_…`, a `.env` file, command-line flags."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import BaseSettings, CliApp, NoDecode, SettingsConfigDict, SettingsError

from tensorrt_tts.errors import SettingError
from tensorrt_tts.files import unreadable
from tensorrt_tts.identifiers import find_name
from tensorrt_tts.server.origins import parse_origins
from tensorrt_tts.server.root_path import parse_root_path
from tensorrt_tts.server.unknown_settings import unknown_settings
from tensorrt_tts.validation import first_problem, shown

ENV_FILE = ".env"

ENCODING = "utf-8-sig"

PREFIX = "TTS_"

KIB = 1024


def _known_level(given: object) -> object:
    """In any case, as log levels are written: TTS_LOG_LEVEL=INFO."""
    return find_name(given, LOG_LEVELS) or given if isinstance(given, str) else given


def _json(given: str, wanted: str) -> Any:
    try:
        return json.loads(given)
    except ValueError as error:
        raise ValueError(f"{shown(given)} is not JSON ({error}); write {wanted}") from None


def _parts(given: object, between: str = r"[,\s]") -> object:
    """As people write a list, "a, b", or as JSON."""
    if not isinstance(given, str):
        return given
    if given.lstrip().startswith("["):
        return _json(given, 'a list such as ["a", "b"], or a, b')
    return tuple(part.strip() for part in re.split(between, given) if part.strip())


def _names(given: object) -> object:
    """Those may have spaces in them."""
    return _parts(given, ",")


def _object(given: object) -> object:
    if not isinstance(given, str):
        return given
    return _json(given, 'an object of names, such as {"alloy": "tara"}') if given.strip() else {}


Names = Annotated[dict[str, str], NoDecode, BeforeValidator(_object)]
"""A voice by what it is asked for."""

LOG_LEVELS = ("debug", "info", "warning", "error")


class ServerSettings(BaseSettings):
    """Speech over a WebSocket. Each flag can also be set as TTS_<NAME> in the environment."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ENV_FILE,
        env_file_encoding=ENCODING,
        extra="ignore",
        cli_prog_name="python -m tensorrt_tts.server",
        cli_kebab_case=True,
        cli_hide_none_type=True,
        cli_implicit_flags=True,
        cli_exit_on_error=False,
        allow_inf_nan=False,
        frozen=True,
    )

    model: str = Field(
        "demo", description='"demo", "demo-hi", a known checkpoint, a folder or a hub id'
    )
    backend: str = Field("reference", description="what generates: see tensorrt_tts.loading")
    codec: str | None = Field(None, description="codec folder or hub id; default: the model's own")
    spec: str | None = Field(None, description="variant of the family, for folders and hub ids")
    device: str = Field("cpu", description="cpu, cuda or cuda:N")
    voice_files: Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_names)] = Field(
        (), description="saved speakers that join the model's voices (Spark)"
    )
    settle_voices: bool = Field(
        True,
        description="let the model write each speaker that it knows by name once, at the start, "
        "instead of in every segment (Spark)",
    )
    voice_tokens: int = Field(
        0,
        ge=0,
        description="audio tokens of a request's first part that the prompts of its later ones "
        "hold, for a steadier voice (Orpheus); each prompt is longer by them",
    )
    bandwidth_extension: Path | None = Field(
        None,
        description="folder of an AP-BWE checkpoint, for whoever asks a model of 16 kHz for "
        "48 kHz; default: resampled",
    )

    host: str = Field(
        "127.0.0.1",
        min_length=1,  # the system takes no address for all of them
        description="address to listen on; 0.0.0.0 for all",
    )
    port: int = Field(8000, ge=0, le=65535, description="0 picks a free one")
    root_path: str = Field(
        "", description="prefix that a proxy leaves in front of every path, such as /tts"
    )
    log_level: Annotated[str, BeforeValidator(_known_level)] = Field(
        "info", pattern=f"^({'|'.join(LOG_LEVELS)})$"
    )

    log_format: Literal["text", "json"] = Field(
        "text", description="json: an object a line, for machines"
    )
    api_key_file: Path | None = Field(
        None, description="who may ask: NAME:SHA256 a line, read again when it changes"
    )
    api_keys: SecretStr = Field(
        SecretStr(""), description="the same lines, separated by commas; none: open to everybody"
    )
    metrics_need_key: bool = Field(False, description="ask for a key at /metrics, too")
    key_streams: int | None = Field(
        None, ge=1, description="streams that one key may have at once, waiting or speaking"
    )
    key_characters_per_minute: int | None = Field(
        None, ge=1, description="characters that one key may have spoken"
    )
    redis_url: SecretStr | None = Field(
        None, description="where several servers count keys together: redis://host:6379/0"
    )
    accountant: str | None = Field(
        None,
        description="who says whether a key's characters are paid for: a class or function, such "
        "as tensorrt_tts.server.accounts:MemoryAccountant",
    )
    allowed_origins: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(_parts), AfterValidator(parse_origins)
    ] = Field(
        (),
        description="web pages that may ask, besides this server's own: https://site.example, "
        "separated by commas, or * for all",
    )

    request_log: SecretStr | None = Field(
        None,
        description="database for a row per request: sqlite:///requests.db, "
        "postgresql+psycopg://user:password@host/name",
    )
    request_log_text: bool = Field(False, description="keep the texts in it, too")

    slots: int | None = Field(
        None, ge=1, description="streams that speak at once; default: as many as are measured"
    )
    measure_s: float = Field(
        5.0,
        ge=0,
        description="how long the start may measure how many streams keep up; 0: not at all",
    )
    max_queued: int = Field(8, ge=0, description="requests that may wait for a slot")
    max_sockets: int = Field(
        256, ge=1, le=1_000_000, description="open WebSockets, idle or not, and HTTP requests"
    )
    max_pending: int = Field(8, ge=1, description="requests one socket may send ahead")
    max_characters: int = Field(5000, ge=1, description="of one text")
    text_timeout_s: float = Field(
        20.0,
        gt=0,
        description="a text that comes in pieces has ended when none came for so long",
    )
    lead_s: float = Field(
        5.0,
        ge=0,
        description="of such a text, no segment is begun while its listener has more audio to play",
    )
    sentence_pause_s: float = Field(
        0.25, ge=0, le=10, description="silence between sentences, at least"
    )
    paragraph_pause_s: float = Field(
        0.7, ge=0, le=10, description="silence between paragraphs, at least"
    )
    max_message_bytes: int | None = Field(
        None,
        ge=64,
        description="a longer message closes 1009 (default: 64 KiB, or room for the longest text)",
    )

    openai_voices: Names = Field(
        {},
        description="voices that OpenAI's names stand for, as JSON: an object of names; those left "
        "out are spread over the model's",
    )
    voice_names: Names = Field(
        {},
        description="voices that other services' names stand for, as JSON, such as "
        '{"aura-2-thalia-en": "tara"}; those left out are spread over the model\'s',
    )
    openai_models: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)] = Field(
        ("tts-1", "tts-1-hd", "gpt-4o-mini-tts", "gpt-4o-mini-tts-2025-12-15"),
        description="names under which OpenAI's clients ask for the model, besides its own",
    )

    send_timeout_s: float = Field(
        10.0,
        gt=0,
        le=86_400,  # the kernel counts its milliseconds in 32 bits, as it does the next one's bytes
        description="a client that takes no data for so long is cut off",
    )
    send_buffer_bytes: int = Field(
        256 * KIB,
        ge=4 * KIB,
        le=KIB**3,
        description="kernel buffer per socket (5 s of audio): what is in it can't be cancelled; "
        "a client that reads at the speed of speech takes data from it in gulps",
    )
    idle_timeout_s: float = Field(300.0, gt=0, description="closes a socket with nothing to do")
    ping_interval_s: float = Field(20.0, gt=0)
    ping_timeout_s: float = Field(20.0, gt=0, description="a silent peer is gone after so long")

    stall_timeout_s: float = Field(30.0, gt=0, description="longest wait for the next token")
    abort_timeout_s: float = Field(
        5.0,
        gt=0,
        description="an engine that does not stop a stream in so long is given up",
    )
    drain_timeout_s: float = Field(
        30.0, ge=0, description="after SIGTERM: how long open speech may go on"
    )
    warmup_text: str = Field("Ready to speak.", description="spoken before the port opens")

    _parse_root_path = field_validator("root_path")(parse_root_path)

    @property
    def message_bytes(self) -> int:
        """Of the longest message. A character is 12 bytes of JSON at most: two \\u escapes."""
        return self.max_message_bytes or max(64 * KIB, 12 * self.max_characters + 4 * KIB)

    @property
    def engine_streams(self) -> int:
        """Streams that the engine is opened for: where the slots are to be measured, as many as
        there can be any hope for."""
        return self.slots or (16 if self.device.strip().lower() == "cpu" else 64)


def effective(settings: ServerSettings) -> list[str]:
    """Every setting as a line of `.env`, in the order above; a comment where there is no value.
    Of secrets only what is none: where a database is, and that there are keys."""
    return [
        f"TTS_{name.upper()}={value}"
        if (value := _written(getattr(settings, name)))
        else f"# TTS_{name.upper()}="
        for name in ServerSettings.model_fields
    ]


def _written(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        scheme, mark, address = value.get_secret_value().partition("://")
        place = address.rpartition("@")[2].partition("?")[0]
        return f"{scheme}://{'…@' * ('@' in address)}{place}" if mark else "…" * bool(scheme)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | tuple):
        text = json.dumps(value, ensure_ascii=False, default=str) if value else ""
        if re.search(r"\s#", text):  # where a comment would begin
            return json.dumps(text, ensure_ascii=False)
        return text
    text = str(value)
    quoted = set(text) & set("#\"'\\\n\r") or text != text.strip()
    return json.dumps(text, ensure_ascii=False) if quoted else text


def read_settings(arguments: Sequence[str] | None = None) -> ServerSettings:
    """Flags over environment over `.env` over defaults. None: the process's own arguments.

    Raises SettingError naming the setting; SystemExit for --help, as argparse.
    """
    try:
        return CliApp.run(ServerSettings, cli_args=None if arguments is None else list(arguments))
    except ValidationError as error:
        name = str(error.errors(include_url=False)[0]["loc"][0])
        raise SettingError(
            f"{first_problem(error)}; set it by {_flag(name)} or {_variable(name)}"
        ) from error
    except UnicodeDecodeError as error:
        raise SettingError(
            f"'{ENV_FILE}' in the current folder is not UTF-8 (byte {error.start}); convert it"
        ) from error
    except OSError as error:
        raise unreadable(Path(ENV_FILE), error, SettingError) from error
    except SettingsError as error:
        raise SettingError(_wrong_flag(str(error))) from error


def notes(settings: ServerSettings) -> list[str]:
    """What an operator has to know of how these settings came to be, a line each."""
    given = {*os.environ, *dotenv_values(ENV_FILE, encoding=ENCODING)}
    keys = settings.api_key_file is not None or bool(settings.api_keys.get_secret_value())
    return list(unknown_settings(given, ServerSettings.model_fields, PREFIX, keys))


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _variable(name: str) -> str:
    return f"{PREFIX}{name.upper()}"


def _wrong_flag(said: str) -> str:
    """said: by the parser of flags."""
    said = said.removeprefix("error parsing CLI: ")
    flags = [_flag(name) for name in ServerSettings.model_fields]
    given = re.findall(r"--[\w-]+", said) if said.startswith("unrecognized") else ()
    near = [*get_close_matches(given[0], flags, 1, 0.75)] if given else ()
    return f"{said}; " + (f"did you mean {near[0]}?" if near else "`--help` lists the flags")
