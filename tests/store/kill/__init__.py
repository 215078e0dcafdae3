"""The proof under fault: workers in processes of their own, killed at random moments, and a checker over what they saw.

`python -m tests.store.kill` is the long run. `processes` is the load, `history` what each process wrote down, `driver`
kills and releases, `checker` compares the history with the table that is left.
"""
