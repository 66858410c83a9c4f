"""A source read in a thread of its own, so that one that hangs holds nobody up."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Event, Thread
from types import TracebackType
from typing import Generic, TypeVar

Item = TypeVar("Item")

WAIT = 0.1
"""Seconds after which a full or empty queue is looked at again."""
FAREWELL = 2.0
"""Seconds that a source may take to end once it is closed; one that hangs is left behind."""


class EndedError(Exception):
    """The source has no more items."""


class Feed(Generic[Item]):
    """Hands on the items of `source` one by one, in their order; a context manager that ends the thread."""

    def __init__(self, source: Iterable[Item]) -> None:
        self._source = source
        self._queue: Queue[Item | BaseException] = Queue(maxsize=1)
        self._closed = Event()
        self._thread = Thread(target=self._run, name="emostats source", daemon=True)

    def __enter__(self) -> Feed[Item]:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self._thread.join(FAREWELL)

    def next(self, seconds: float) -> Item | None:
        """The next item, or None when none came within so many seconds.

        Raises
        ------
        EndedError: there are no more. Whatever the source raised.
        """
        try:
            item = self._queue.get(timeout=seconds)
        except Empty:
            return None
        if isinstance(item, BaseException):
            raise item
        return item

    def _run(self) -> None:
        end: BaseException = EndedError()
        try:
            for item in self._source:
                if not self._put(item):
                    break
        except BaseException as error:
            end = error
        self._put(end)
        if hasattr(self._source, "close"):
            with suppress(Exception):  # the source is done with; what it raised before was handed on
                self._source.close()

    def _put(self, item: Item | BaseException) -> bool:
        """Whether the item was taken; False once the feed is closed."""
        while not self._closed.is_set():
            try:
                self._queue.put(item, timeout=WAIT)
            except Full:
                continue
            return True
        return False
