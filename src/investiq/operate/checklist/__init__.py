"""The production checklist: each point checked against what runs, with how it is known, or signed for by a person.

One module for each point; `points` lists them in the order of the monitoring guide, `examine` looks at one.
"""
