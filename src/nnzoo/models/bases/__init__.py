"""Bases of the models: what a family of networks has in common."""
