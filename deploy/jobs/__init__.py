"""Whole tasks on one machine: speak, measure, speak with one model in memory at a time.

What the Modal apps beside it and the example at the top call; nothing here knows of Modal.
"""
