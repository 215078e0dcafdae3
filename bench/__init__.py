"""How fast the store is, measured in one run beside its peers and beside loops written by hand: `python -m bench`.

One module per subject (`sqlite`, `postgres`), its contestants in `…_queues`; what they share is `measure`, `processes`,
`goals` and `report`.
"""
