"""Model families as data and pure functions: token ids, prompts, frames, sampling. No torch."""
