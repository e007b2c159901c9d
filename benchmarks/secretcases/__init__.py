"""Made-up secrets and harmless look-alikes: the corpus behind the figures of docs/secrets.md.

Two halves were written before anything was mended for them: `dev_*` may be looked at while redaction is worked on,
`held_*` is for the figures alone. Every secret is put together at run time, from a seed and a prefix, so that no
scanner of pushed files takes this repository for a leak, and none of them ever opened anything.
"""
