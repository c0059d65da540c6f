"""The language model's vocabulary, batches, losses, tokenizer and export."""

import argparse
import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from demo_voice.export import WEIGHTS, exported_voices
from demo_voice.lm import average, losses
from demo_voice.lm.export import export
from demo_voice.lm.model import Shape, VoiceLM
from demo_voice.lm.muon import Muon, orthogonalised
from demo_voice.lm.shipped import take_over
from demo_voice.lm.tokenizer import build_tokenizer
from demo_voice.lm.train import Trainer, add_arguments, rate_at, shape_for, to_tensors
from demo_voice.lm.utterances import (
    Utterance,
    balanced,
    batches,
    collate,
    spoken_positions,
    utterance,
)
from demo_voice.lm.vocabulary import Vocabulary
from tensorrt_tts.errors import SettingError
from tensorrt_tts.text.devanagari import NUKTA

CODES = 16
SMALL = Shape(CODES, hidden=64, inner=96, layers=2, guided=(1,))


@pytest.fixture
def vocabulary() -> Vocabulary:
    return Vocabulary(CODES)


@pytest.fixture
def rows(vocabulary: Vocabulary) -> list[Utterance]:
    rng = np.random.default_rng(0)
    found = []
    for frames in (3, 5, 4):
        line = {"phonemes": "həlˈO.", "durations": [frames] * 6}
        codes = rng.integers(0, CODES, (frames, 7)).astype(np.uint16)
        found.append(utterance(line, codes, vocabulary))
    return found


def model() -> VoiceLM:
    torch.manual_seed(0)
    made = VoiceLM(SMALL, torch.randn(3, CODES, 8))
    for parameter in made.parameters():  # zeros would hide mistakes
        torch.nn.init.normal_(parameter, std=0.1)
    return made


def test_layout(vocabulary: Vocabulary) -> None:
    names = vocabulary.names
    assert len(names) == len(set(names)) == vocabulary.size == 88 + 10 + 7 * CODES
    assert names[vocabulary.audio(0)] == "<custom_token_10>"
    assert names[vocabulary.end] == "<custom_token_2>"


def test_tokenizer_writes_the_prompt(vocabulary: Vocabulary) -> None:
    tokenizer = build_tokenizer(vocabulary)
    text = "heart: həlˈO."
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    prompt = vocabulary.prompt("həlˈO.")
    assert prompt[2:-4] == ids
    assert prompt[vocabulary.text_offset("heart") :][0] == ids[len("heart: ")]
    assert tokenizer.decode(ids) == text


def test_typed_special_tokens_can_be_read_as_text(vocabulary: Vocabulary) -> None:
    tokenizer = build_tokenizer(vocabulary)
    tokenizer.encode_special_tokens = True
    assert (
        max(tokenizer.encode("<custom_token_28>", add_special_tokens=False).ids) < vocabulary.base
    )


def test_spoken_positions() -> None:
    # Phonemes end at samples 1200, 3000 and 4200; frames at 2048 and 4096.
    positions = spoken_positions([4, 6, 4], 2, 9) - 9
    assert positions[0].tolist() == [0, 1]  # c0: the whole first frame
    assert positions[2].tolist() == [0, 0]  # f0: its first quarter
    assert positions[6].tolist() == [1, 1]  # f3: its last
    assert positions[7].tolist() == [1, 2]


def test_batches_hold_every_row_once(rows: list[Utterance], vocabulary: Vocabulary) -> None:
    found = list(batches(rows, vocabulary, 2 * len(rows[1]), np.random.default_rng(0)))
    assert sum(len(batch.prompts) for batch in found) == 3
    assert all(batch.ids.size <= 2 * len(rows[1]) for batch in found)


def test_targets_are_the_next_ids(rows: list[Utterance], vocabulary: Vocabulary) -> None:
    batch = to_tensors(collate(rows, vocabulary), "cpu")
    goal = losses.targets(batch["ids"], batch["prompts"], batch["audio"])
    assert sum(map(len, goal.ids)) == sum(len(row.audio) + 1 for row in rows)
    flat = batch["ids"].flatten()
    for slot, (where, ids) in enumerate(zip(goal.where, goal.ids, strict=True)):
        assert torch.equal(flat[where + 1], ids)
        first = vocabulary.audio(slot)
        audio = (ids >= first) & (ids < first + CODES)
        assert bool((audio | (ids == vocabulary.end)).all())
        assert int((ids == vocabulary.end).sum()) == (3 if slot == 0 else 0)


def test_guidance_is_low_where_attention_is_right() -> None:
    length, prompt = 12, 5
    spoken = torch.full((1, length, 2), 2)
    queries = torch.zeros(1, length, 64)
    keys = torch.zeros(1, length, 64)
    queries[..., 0] = 100.0
    counts = torch.tensor([prompt]), torch.tensor([7])
    away = losses.guidance_loss([(queries, keys)], spoken, *counts)
    keys[:, 2, 0] = 10.0
    assert losses.guidance_loss([(queries, keys)], spoken, *counts) < 1e-3 < away


def test_corruption_keeps_slots(vocabulary: Vocabulary) -> None:
    ids = torch.arange(vocabulary.size)[None]
    wrong = losses.corrupt(ids, 1.0, vocabulary)
    first = vocabulary.audio(0)
    assert torch.equal(wrong[:, :first], ids[:, :first])
    assert torch.equal((wrong - first)[:, first:] // CODES, (ids - first)[:, first:] // CODES)


def test_muon_orthogonalises() -> None:
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonalised(torch.randn(2, 16, 40)))
    assert 0.5 < float(values.min()) <= float(values.max()) < 1.3


def test_training_learns(rows: list[Utterance], vocabulary: Vocabulary) -> None:
    torch.manual_seed(0)
    trainer = Trainer(SMALL, torch.randn(3, CODES, 8), "cpu")
    batch = to_tensors(collate(rows, vocabulary), "cpu")
    parts = [trainer.update(batch, 0.0) for _ in range(60)]
    assert parts[-1]["c0"] < 0.7 * parts[0]["c0"]
    assert parts[-1]["end"] < parts[0]["end"]


def test_rates() -> None:
    assert rate_at(0, 0.0) < rate_at(1000, 0.0) == 1.0
    assert rate_at(1000, 1.0) == 0.0


def test_checkpoint_resumes(tmp_path, rows: list[Utterance], vocabulary: Vocabulary) -> None:
    batch = to_tensors(collate(rows, vocabulary), "cpu")
    torch.manual_seed(0)
    first = Trainer(SMALL, torch.randn(3, CODES, 8), "cpu")
    first.update(batch, 0.0)
    first.save(tmp_path / "ckpt.pt")
    second = Trainer(SMALL, torch.zeros(3, CODES, 8), "cpu")
    second.load(tmp_path / "ckpt.pt")
    torch.manual_seed(1)
    first.update(batch, 0.1)
    torch.manual_seed(1)
    second.update(batch, 0.1)
    assert all(
        torch.equal(a, b)
        for a, b in zip(first.model.parameters(), second.model.parameters(), strict=True)
    )


def test_start_from_keeps_what_is_not_about_codes(tmp_path) -> None:
    torch.manual_seed(0)
    old = Trainer(SMALL, torch.randn(3, CODES, 20), "cpu")
    old.save(tmp_path / "ckpt.pt")
    new = Trainer(SMALL, torch.randn(3, CODES, 8), "cpu")
    new.start_from(tmp_path / "ckpt.pt")
    assert torch.equal(
        old.model.model.layers[0].mlp.up_proj.weight, new.model.model.layers[0].mlp.up_proj.weight
    )
    assert not torch.equal(old.model.audio_in.level, new.model.audio_in.level)


def test_export_equals_training_model(tmp_path) -> None:
    transformers = pytest.importorskip("transformers")
    made = model().eval()
    export(made, tmp_path)
    loaded = transformers.AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    assert tokenizer.convert_tokens_to_ids("<custom_token_2>") == made.vocabulary.end
    ids = torch.randint(0, made.vocabulary.size, (2, 40))
    with torch.no_grad():
        expected = made(ids)[0] @ made.head().t()
        found = loaded(ids).logits
    assert float((expected - found).abs().max()) < 0.02 * float(expected.abs().max())


def test_an_average_lies_halfway_and_says_what_its_parts_say(tmp_path) -> None:
    made = [model(), model()]
    with torch.no_grad():
        made[1].text_out += 1.0
        made[1].model.norm.weight *= 3.0
    for one, name in zip(made, "ab", strict=True):
        export(one, tmp_path / name)
    asked = argparse.Namespace(of=[tmp_path / "a", tmp_path / "b"], into=tmp_path / "mean")
    average.run(asked)
    a, b, mean = (load_file(tmp_path / name / "model.safetensors") for name in ("a", "b", "mean"))
    assert any(not torch.equal(a[name], b[name]) for name in a)
    for name, tensor in mean.items():
        assert torch.equal(tensor, ((a[name].float() + b[name].float()) / 2).half())
    assert (tmp_path / "mean" / "config.json").read_text() == (
        tmp_path / "a" / "config.json"
    ).read_text()
    (tmp_path / "b" / "tokenizer.json").write_text("{}")
    with pytest.raises(SettingError, match="sizes or symbols differ"):
        average.run(asked)


def test_muon_moves_only_what_has_a_gradient() -> None:
    still, moved = (torch.nn.Parameter(torch.ones(4, 4)) for _ in range(2))
    moved.grad = torch.eye(4)
    Muon([still, moved], lr=0.1).step()
    assert torch.equal(still, torch.ones(4, 4))
    assert not torch.equal(moved, torch.ones(4, 4))


def test_training_goes_on_from_an_exported_model(tmp_path) -> None:
    first = model().eval()
    export(first, tmp_path)
    second = VoiceLM(SMALL, torch.randn(3, CODES, 8)).eval()
    take_over(second, tmp_path)
    ids = torch.randint(0, first.vocabulary.size, (1, 12))
    with torch.no_grad():
        (a, _), (b, _) = first(ids), second(ids)
        assert torch.allclose(a @ first.head().t(), b @ second.head().t(), atol=0.02)  # float16
        # What slots share is found in the parts that they share.
        assert torch.allclose(second.audio_in.slot, first.audio_in().mean(1, True), atol=1e-3)


def test_an_exported_model_of_another_size_is_refused(tmp_path) -> None:
    export(model(), tmp_path)
    other = VoiceLM(Shape(CODES + 1, hidden=64, inner=96, layers=2), torch.randn(3, CODES + 1, 8))
    narrow = VoiceLM(Shape(CODES, hidden=64, inner=64, layers=2), torch.randn(3, CODES, 8))
    for model_of_other_size in (other, narrow):
        with pytest.raises(SettingError, match="give the same sizes or larger ones"):
            take_over(model_of_other_size, tmp_path)


def test_a_larger_model_says_at_first_what_the_exported_one_says(tmp_path) -> None:
    first = model().eval()
    for layer in first.model.layers:  # as trained ones: neither norms of one nor outputs of zero
        for norm in (layer.input_layernorm, layer.post_attention_layernorm):
            torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
        for written in (layer.self_attn.o_proj, layer.mlp.down_proj):
            torch.nn.init.normal_(written.weight, std=0.1)
    export(first, tmp_path)
    shape = Shape(2 * CODES, hidden=128, inner=320, layers=3, guided=(1,))
    trainer = Trainer(shape, torch.randn(3, 2 * CODES, 8), "cpu")
    second = trainer.model
    take_over(second, tmp_path)
    ids = torch.randint(0, first.vocabulary.size, (2, 30))
    audio = first.vocabulary.audio(0)
    slots, codes = (ids - audio).clamp(0) // CODES, (ids - audio) % CODES
    split = codes + CODES * torch.randint(0, 2, ids.shape)  # either part of a code is that code
    theirs = torch.where(ids < audio, ids, audio + 2 * CODES * slots + split)
    with torch.no_grad():
        wanted, found = (m(i)[0] @ m.head().t() for m, i in ((first, ids), (second, theirs)))
    tables = found[..., audio:].unflatten(-1, (7, 2, CODES))
    assert torch.equal(tables[..., 0, :], tables[..., 1, :])
    found = torch.cat([found[..., :audio], tables[..., 0, :].flatten(-2)], -1)
    assert float((wanted - found).abs().max()) < 0.01 * float(wanted.abs().max())  # float16
    # ... and all of it learns.
    loss = second(ids)[0] @ second.head().t()
    loss.square().mean().backward()
    assert all(
        float(block.abs().sum()) > 0
        for name, parameter in second.named_parameters()
        if name.endswith(("o_proj.weight", "down_proj.weight"))
        for block in parameter.grad.chunk(2, 0)
    )


def test_half_precision_learns_about_the_same(
    rows: list[Utterance], vocabulary: Vocabulary
) -> None:
    batch = to_tensors(collate(rows, vocabulary), "cpu")
    ends = []
    for half in (False, True):
        torch.manual_seed(0)
        trainer = Trainer(SMALL, torch.randn(3, CODES, 8), "cpu", half)
        for _ in range(5):
            parts = trainer.update(batch, 0.0)
        ends.append(parts["c0"])
    assert ends[1] == pytest.approx(ends[0], rel=0.05)


BOTH = ("heart", "hf_alpha")
TWO = Shape(CODES, hidden=64, inner=96, layers=2, guided=(1,), voices=BOTH)


def test_the_shipped_ids_are_those_of_the_one_voice() -> None:
    tokenizer = json.loads((WEIGHTS / "lm" / "tokenizer.json").read_text(encoding="utf-8"))
    names = Vocabulary(512).names
    assert tokenizer["model"]["vocab"] == {name: i for i, name in enumerate(names)}
    assert json.loads(build_tokenizer(Vocabulary(512)).to_str()) == tokenizer


def test_several_voices_are_a_token_each_and_hindi_is_spelled() -> None:
    vocabulary = Vocabulary(CODES, BOTH)
    assert len(vocabulary.names) == len(set(vocabulary.names)) == vocabulary.size
    assert vocabulary.names[: len(Vocabulary(CODES).symbols)] == list(Vocabulary(CODES).symbols)
    tokenizer = build_tokenizer(vocabulary)
    tokenizer.encode_special_tokens = True
    for voice, text in (("heart", "həlˈO."), ("hf_alpha", f"मेरा fˈOn {NUKTA['ख']}राब है.")):
        ids = tokenizer.encode(f"{voice}: {text}", add_special_tokens=False).ids
        prompt = vocabulary.prompt(text, voice)
        assert prompt[2:-4] == ids
        assert len(ids) == 2 + len(text)
        assert vocabulary.names[ids[0]] == f"{voice}:"
        assert prompt[vocabulary.text_offset(voice)] == ids[2]
        assert vocabulary.symbol_id("<|unk|>") not in ids
    with pytest.raises(ValueError, match="hm_psi"):
        vocabulary.prompt("x", "hm_psi")


def test_a_hindi_voice_alone_is_a_token_too() -> None:
    assert "क" not in Vocabulary(CODES).symbols
    assert {"क", "hf_alpha:"} <= set(Vocabulary(CODES, ("hf_alpha",)).symbols)


@pytest.mark.parametrize("whole", [True, False])
def test_a_model_of_one_voice_grows_into_one_of_two(tmp_path, whole: bool) -> None:
    first = Trainer(SMALL, torch.randn(3, CODES, 8), "cpu")
    first.model.load_state_dict(model().state_dict())
    second = Trainer(TWO, torch.randn(3, CODES, 8), "cpu")
    before = second.model.model.embed_text.weight.detach().clone()
    if whole:
        export(first.model, tmp_path)
        told = take_over(second.model, tmp_path)
    else:
        first.save(tmp_path / "ckpt.pt")
        told = second.start_from(tmp_path / "ckpt.pt")
    assert "heart: hf_alpha:" in told
    old, new = first.model.vocabulary, second.model.vocabulary
    for symbol in (*old.symbols, "<custom_token_2>"):
        was, now = old.names.index(symbol), new.names.index(symbol)
        for table in ("model.embed_text.weight", "text_out"):
            rows, grown_rows = first.model.state_dict()[table], second.model.state_dict()[table]
            assert torch.allclose(rows[was], grown_rows[now], atol=1e-3)
    fresh = new.symbol_id("क")
    assert torch.equal(second.model.model.embed_text.weight[fresh], before[fresh])
    if whole:
        slots = second.model.audio_in()
        assert torch.allclose(slots, first.model.audio_in(), atol=1e-3)


def test_an_exported_model_with_more_layers_is_refused(tmp_path) -> None:
    export(model(), tmp_path)
    other = VoiceLM(
        Shape(CODES, hidden=64, inner=96, layers=1, guided=()), torch.randn(3, CODES, 8)
    )
    with pytest.raises(SettingError, match=r"2 layers of 64 .*model 1 of 64"):
        take_over(other, tmp_path)


def test_in_the_last_half_voices_have_as_many_ids() -> None:
    def row(voice: str, length: int) -> Utterance:
        ids = np.zeros(length, np.int16)
        return Utterance(ids, ids, np.zeros((length, 2), np.int16), voice)

    rows = [row("heart", 20 + i) for i in range(50)] + [row("hf_alpha", 30) for _ in range(7)]
    seen = set()
    for seed in range(30):
        some = balanced(rows, np.random.default_rng(seed))
        ids = {voice: sum(len(r) for r in some if r.voice == voice) for voice in BOTH}
        assert ids["hf_alpha"] == 7 * 61
        assert 0 <= ids["heart"] - ids["hf_alpha"] < 2 * 70
        seen |= {id(r) for r in some}
    assert len(seen) == len(rows)
    assert balanced(rows[:50], np.random.default_rng(0)) == rows[:50]


def options(*given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(given)


def test_sizes_follow_from_the_voices_and_from_what_is_there(tmp_path) -> None:
    path = tmp_path / "ckpt.pt"
    alone = shape_for(options(), ("heart",), 512, path)
    assert (alone.hidden, alone.inner, alone.layers) == (192, 512, 5)
    several = shape_for(options(), BOTH, 512, path)
    assert (several.hidden, several.inner, several.layers) == (256, 640, 6)
    start = options("--start-from", str(WEIGHTS / "lm"))
    assert shape_for(start, BOTH, 512, path).hidden == 192
    Trainer(TWO, torch.randn(3, CODES, 8), "cpu").save(path)
    assert shape_for(options(), BOTH, CODES, path) == TWO
    with pytest.raises(SettingError, match="--voices heart hf_alpha, there is speech of heart;"):
        shape_for(options(), ("heart",), CODES, path)
    with pytest.raises(SettingError, match="2 layers of 64"):
        shape_for(options("--hidden", "128"), BOTH, CODES, path)


def test_a_voice_of_several_is_declared_and_one_alone_is_not(tmp_path) -> None:
    export(model(), tmp_path / "one")
    assert "tts_voices" not in json.loads((tmp_path / "one" / "config.json").read_text())
    export(VoiceLM(TWO, torch.randn(3, CODES, 8)), tmp_path / "two")
    assert json.loads((tmp_path / "two" / "config.json").read_text())["tts_voices"] == [
        {"name": "heart", "languages": ["en"], "friendly_name": ""},
        {"name": "hf_alpha", "languages": ["hi", "en"], "friendly_name": "Asha"},
    ]
    assert exported_voices_of(tmp_path, "one") == ("heart",)
    assert exported_voices_of(tmp_path, "two") == BOTH


def exported_voices_of(tmp_path, name: str) -> tuple[str, ...]:
    (tmp_path / f"{name}-weights").mkdir()
    (tmp_path / name).rename(tmp_path / f"{name}-weights" / "lm")
    return exported_voices(tmp_path / f"{name}-weights")
