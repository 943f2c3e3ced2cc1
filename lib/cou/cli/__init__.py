"""The command `cou`: parses, asks, follows and shows; the engine's `run.control` does the work.

It may import every room of the engine, and nothing imports it. Only here is anything printed.
"""
