"""A new file is whole or not there, and never takes the place of another."""

from __future__ import annotations

from pathlib import Path

import pytest

from emostats.errors import UsageError
from emostats.pipeline.new_file import write_new


def test_text_and_bytes_are_written_as_they_are(tmp_path: Path) -> None:
    text = "Größe\n一\r\n"
    assert write_new(tmp_path / "text", text).read_bytes() == text.encode("utf-8")
    assert write_new(tmp_path / "bytes", b"\x00\r\n").read_bytes() == b"\x00\r\n"


def test_what_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        write_new(tmp_path / "mine", "other")
    assert (tmp_path / "mine").read_text() == "mine"
    with pytest.raises(UsageError, match="exists already"):
        write_new(tmp_path, "other")
    with pytest.raises(UsageError, match=r"nowhere' does not exist\. Make it, or give another place\."):
        write_new(tmp_path / "nowhere" / "page", "other")


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_nothing_of_a_file_stays_that_cannot_be_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    real = Path.open

    def half(path: Path, mode: str) -> object:
        stream = real(path, mode)
        write = stream.write

        class Full:
            def __enter__(self) -> Full:
                return self

            def __exit__(self, *_: object) -> None:
                stream.close()

            def write(self, raw: bytes) -> None:
                write(raw[:3])
                stream.flush()
                raise error

        return Full()

    monkeypatch.setattr(Path, "open", half)
    with pytest.raises(UsageError if isinstance(error, OSError) else KeyboardInterrupt):
        write_new(tmp_path / "page.html", "a page")
    assert list(tmp_path.iterdir()) == []
