"""Which profile a session belongs to (section 6 of the contract; the table of cases is docs/routing.md)."""

from __future__ import annotations

from sidecar.routing.book import RouteBook
from sidecar.routing.places import RepoFacts
from sidecar.routing.router import Project, Route, Router
from sidecar.routing.rules import Rule

__all__ = ["Project", "RepoFacts", "Route", "RouteBook", "Router", "Rule"]
