"""sidecar: a local memory for AI agents, kept as Markdown in git repositories that you own."""

__version__ = "0.1.0"

__all__ = ["AsyncMemory", "Memory", "__version__"]

TYPE_CHECKING = False  # checkers take it for the one of `typing`, which hooks must not wait for
if TYPE_CHECKING:
    from sidecar.memory.blocking import Memory
    from sidecar.memory.waiting import AsyncMemory
else:

    def __getattr__(name: str) -> object:
        """`Memory` and `AsyncMemory`, imported when they are first asked for: hooks import this package as well."""
        if name == "Memory":
            from sidecar.memory.blocking import Memory

            return Memory
        if name == "AsyncMemory":
            from sidecar.memory.waiting import AsyncMemory

            return AsyncMemory
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
