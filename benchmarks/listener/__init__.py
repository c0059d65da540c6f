"""One answer as a listener has it: what came when, what was heard of it, and was it whole?"""
