"""`python -m investiq.rule_mutation`: the program `promtool-mutate`."""

from investiq.rule_mutation.command import main

main()
