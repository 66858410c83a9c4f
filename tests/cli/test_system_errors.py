"""What a command says when the system refuses a file: the file, what happened, what to do."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from emostats.cli.console import JSON
from emostats.cli.group import EmostatsGroup
from emostats.errors import hindrance


def raising(error: OSError, *, as_json: bool = False) -> typer.Typer:
    app = typer.Typer(cls=EmostatsGroup)

    @app.callback()
    def root() -> None: ...

    @app.command()
    def go(ctx: typer.Context) -> None:
        ctx.find_root().meta[JSON] = as_json
        raise error

    return app


def said(error: OSError, *, as_json: bool = False):
    done = CliRunner().invoke(raising(error, as_json=as_json), ["go"], env={"COLUMNS": "200"})
    assert done.exit_code == 2, done.output
    return done


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, ["may not be read or written", "Ask its owner"]),
        (errno.ENOSPC, ["the disk is full", "Make room"]),
        (errno.EISDIR, ["it is a folder", "Name a file in it"]),
        (errno.EIO, ["the system says", "Check the place"]),
    ],
)
def test_a_refused_file_is_named_with_what_to_do(tmp_path: Path, number: int, words: list[str]) -> None:
    error = OSError(number, os.strerror(number), str(tmp_path / "page.html"))
    text = " ".join(said(error).stderr.split())
    assert "page.html' cannot be read or written: " in text
    assert all(word in text for word in words), text


def test_an_error_without_a_file_is_told_in_a_sentence() -> None:
    text = " ".join(said(OSError(errno.EIO, os.strerror(errno.EIO))).stderr.split())
    assert text.startswith("A file or a device failed: the system says: ")


def test_json_has_the_error_too(tmp_path: Path) -> None:
    done = said(PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "x")), as_json=True)
    found = json.loads(done.stdout)
    assert found["exit_code"] == 2 and "may not be read or written" in found["error"]


def test_the_nearest_missing_folder_is_named(tmp_path: Path) -> None:
    path = tmp_path / "gone" / "deep" / "page.html"
    with pytest.raises(FileNotFoundError) as caught:
        path.open("x")
    assert f"the folder '{path.parent}' does not exist. Make it" in hindrance(path, caught.value)
    assert "there is no such file" in hindrance(tmp_path / "x", caught.value)


@pytest.mark.skipif(os.name == "nt", reason="Windows says that there is no such path")
def test_a_file_in_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "deep" / "page.html"
    with pytest.raises(NotADirectoryError) as caught:
        path.open("x")
    assert hindrance(path, caught.value).startswith(f"'{tmp_path / 'file'}' is a file and no folder.")
