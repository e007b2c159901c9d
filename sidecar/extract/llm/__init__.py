"""Extraction by a local model: numbered lines, two passes, evidence, verification, classification.

    Slice -> lines -> chunks -> full pass, detail pass -> dedupe -> evidence -> verify -> classify, trust -> Candidates

The model proposes; code decides.  Every statement cites numbered lines, and what is concrete in it must stand in them;
who said it, whether it may be believed and whether it is personal follow from the cited lines, never from an answer.
"""
