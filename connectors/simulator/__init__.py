"""The provider simulator: one small process that speaks every provider's own dialect over real HTTP.

Here lives what all providers share (HTTP, state, faults, limits, grants, webhooks, pages). A provider's dialect
is `connectors/providers/<slug>/simulator.py`, written from its documentation and never from its connector.
"""
