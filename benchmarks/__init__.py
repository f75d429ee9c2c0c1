"""The numbers that the project holds itself to, each with its limit and a reference of the same run.

`python -m benchmarks` prints them as one table; `python -m benchmarks --profile index` says where time goes.
"""
