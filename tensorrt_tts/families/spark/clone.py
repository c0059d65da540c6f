"""A recording as a voice: BiCodec's encoders say who speaks and, for a transcript, what is said."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from tensorrt_tts import checkpoint_folder
from tensorrt_tts.audio.reference import ReferenceAudio
from tensorrt_tts.codecs.bicodec.config import JSON_FILE, YAML_FILE
from tensorrt_tts.codecs.weights import WEIGHT_FILES
from tensorrt_tts.engine_folder.digest_cache import DigestCache
from tensorrt_tts.families.spark.clone_cache import CloneCache, EncodedReference, cache_folder
from tensorrt_tts.notice import notice

FEATURES_FOLDER = "wav2vec2-large-xlsr-53"
"""In a released checkpoint, beside the codec's."""

FEATURES_FILES = ("*.json", "model.safetensors", "pytorch_model.bin")

VERSION = 1
"""To be raised when the same audio and weights give other codes."""


@dataclass(frozen=True, slots=True)
class ReferenceEncoder:
    """codec_folder: BiCodec's. hub_id: of the checkpoint that holds wav2vec 2.0, where none is
    beside the codec."""

    codec_folder: Path
    hub_id: str
    device: str = "cpu"
    cache_root: Path = field(default_factory=cache_folder)

    def encode(self, audio: ReferenceAudio, semantics: bool) -> EncodedReference:
        """semantics: whether what is said is asked for too, for which wav2vec 2.0 is loaded, 1.2
        GB. What was encoded before is taken from the cache.

        Raises CheckpointError.
        """
        for line in audio.notices:
            notice(line)
        features = self._features_folder() if semantics else None
        cache, key = CloneCache(self.cache_root / "clones"), self._key(audio, features)
        found = cache.find(key)
        if found is None:
            found = self._encoded(audio, features)
            cache.keep(key, found)
        return found

    def _encoded(self, audio: ReferenceAudio, features: Path | None) -> EncodedReference:
        from tensorrt_tts.codecs.bicodec.encoder import BiCodecEncoder
        from tensorrt_tts.codecs.bicodec.features import SpeechFeatures

        encoder = BiCodecEncoder.from_folder(self.codec_folder, self.device)
        speaker = encoder.speaker(audio.samples)
        if features is None:
            return EncodedReference.of(speaker)
        heard = SpeechFeatures.from_folder(features, self.device)(audio.samples)
        return EncodedReference.of(speaker, encoder.semantics(heard))

    def _features_folder(self) -> Path:
        beside = self.codec_folder.parent / FEATURES_FOLDER
        if beside.is_dir():
            return beside
        return checkpoint_folder.find(self.hub_id, FEATURES_FILES, subfolder=FEATURES_FOLDER)

    def _key(self, audio: ReferenceAudio, features: Path | None) -> str:
        """Of the recording and of everything that makes codes of it."""
        digests = DigestCache(self.cache_root)
        parts = [f"spark clone {VERSION}", audio.sha256]
        for folder in (self.codec_folder, features):
            if folder is not None:
                names = (JSON_FILE, YAML_FILE, "preprocessor_config.json", *WEIGHT_FILES)
                files = [folder / name for name in names]
                parts += [f"{path.name} {digests.digest(path)}" for path in files if path.is_file()]
        digests.save()
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()
