"""Measurements that need data or time: a program of the checkout, not a part of what is installed."""
