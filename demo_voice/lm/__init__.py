"""The demo voice's language model: vocabulary, training, export."""
