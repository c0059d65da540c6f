"""Speech of 16 kHz at 48 kHz, with what the lower rate could not hold: AP-BWE."""
