"""How good speech is: word error rate and predicted mean opinion score."""
