"""The file of a training run: which clips, which folds, which network, and what the card must say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from emostats.errors import Finding, UsageError, did_you_mean
from emostats.inference.datasets import LOADERS
from emostats.study.checked import (
    ID_PATTERN,
    Count,
    Flag,
    Frozen,
    Number,
    StudyFileError,
    TomlFile,
    check_model,
    read_toml,
)

if TYPE_CHECKING:
    from emostats.inference.network import NetworkConfig
    from emostats.inference.training import TrainConfig

Text = str


class Data(Frozen):
    """Which clips are read, and how."""

    corpus: Text = Field(description="A loader of `inference.datasets`.")
    path: Text = Field(description="Folder of the corpus, or the table; relative to this file.")
    labels: tuple[Text, ...] = Field(
        default=(), description="Keep these labels, in this order; all by default."
    )
    options: dict[str, Any] = Field(default_factory=dict, description="Options of the loader.")
    fps: Number = Field(default=12.5, gt=0, description="Frames a second that are read at most.")
    least_frames: Count = Field(default=4, gt=0, description="Frames with a usable face that a clip needs.")
    cache: Text = Field(default="", description="Folder of the landmarks; by default in the output folder.")


class Folds(Frozen):
    """How the figures are made. Nobody is on both sides of a split."""

    kind: Literal["subject", "published"] = "subject"
    n: Count = Field(default=5, gt=1, description="Number of folds by subject.")
    seeds: tuple[Count, ...] = Field(default=(0,), min_length=1, description="Each fold is trained for each.")


class Windows(Frozen):
    """How clips become training windows (frames)."""

    length: Count = Field(default=32, gt=0)
    stride: Count = Field(default=8, gt=0)
    own_face: Flag = Field(
        default=False, description="Take out each person's usual face (the median over all their frames)."
    )


class Start(Frozen):
    """Transfer: weights to start from."""

    weights: Text = Field(description="Shipped weights by name, or a .safetensors file.")
    parts: tuple[Literal["graph", "temporal", "heads"], ...] = ("graph", "temporal")


class About(Frozen):
    """What a model card needs and no program can know."""

    source: Text = Field(min_length=1, description="Who made the data, and where they are described.")
    data_licence: Text = Field(min_length=1)
    population: Text = Field(min_length=1, description="Who is seen: age, health, posed or natural.")
    intended_use: Text = Field(min_length=1)
    not_for: tuple[Text, ...] = Field(min_length=1)
    limitations: tuple[Text, ...] = ()
    licence: Text = Field(min_length=1, description="Of the weights.")
    attribution: tuple[Text, ...] = ()


class LabConfig(Frozen):
    """A training run."""

    name: Text = Field(pattern=ID_PATTERN)
    output: Text = Field(default="", description="Folder of the run; by default its name, beside this file.")
    data: Data
    folds: Folds = Folds()
    windows: Windows = Windows()
    start: Start | None = None
    network: dict[str, Any] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)
    card: About


@dataclass(frozen=True)
class Lab:
    """A checked file. home: its folder. output, cache: where the run and the landmarks go."""

    config: LabConfig
    home: Path
    output: Path
    cache: Path

    @property
    def clips_path(self) -> Path:
        return self.home / self.config.data.path

    def network(self) -> NetworkConfig:
        """Settings of the network. Needs torch."""
        from emostats.inference.network import NetworkConfig

        return NetworkConfig.from_dict(self.config.network)

    def training(self, seed: int) -> TrainConfig:
        """Settings of one training run. Needs torch."""
        from emostats.inference.training import TrainConfig

        return TrainConfig.from_dict({**self.config.training, "seed": seed})


def read_config(path: str | Path) -> Lab:
    """Reads and checks a training file.

    Raises
    ------
    FindingsError: the file cannot be read, or keys are unknown (with the nearest known one), missing or
        wrong; all are listed with their lines. UsageError: torch is not installed.
    """
    source = Path(path)
    file = read_toml(source, source.name, "training file")
    config, findings = check_model(LabConfig, file)
    if config is not None:
        findings = _beyond_types(config, file)
    if findings or config is None:
        raise StudyFileError(findings, f"The training file {source.name} has {len(findings)} error(s).")
    home = source.resolve().parent
    output = home / (config.output or config.name)
    lab = Lab(config, home, output, home / config.data.cache if config.data.cache else output / "landmarks")
    findings = [
        *_settings(file, "network", lab.network),
        *_settings(file, "training", lambda: lab.training(0)),
    ]
    if findings:
        raise StudyFileError(findings, f"The training file {source.name} has {len(findings)} error(s).")
    return lab


def _beyond_types(config: LabConfig, file: TomlFile) -> list[Finding]:
    findings = []
    if config.data.corpus not in LOADERS:
        message = f"there is no loader for '{config.data.corpus}'."
        hint = did_you_mean(config.data.corpus, LOADERS)
        findings.append(file.finding("unknown-corpus", ("data", "corpus"), message, hint))
    if "seed" in config.training:
        message = "the seed of training comes from the list of seeds of the folds."
        findings.append(file.finding("seed", ("training", "seed"), message, "Set [folds] seeds = [0]."))
    if len(set(config.data.labels)) != len(config.data.labels) or len(config.data.labels) == 1:
        message = "labels must name two or more different labels, or be left out."
        findings.append(file.finding("labels", ("data", "labels"), message))
    return findings


def _settings(file: TomlFile, table: str, make: Callable[[], Any]) -> list[Finding]:
    """The findings of a table that becomes a plain dataclass: unknown keys, and values of the wrong type."""
    try:
        made = make()
        TypeAdapter(type(made)).validate_python(asdict(made))
    except ValidationError as error:
        return [
            file.finding("invalid-value", (table, *item["loc"]), f"{item['msg']}; found {item['input']!r}.")
            for item in error.errors(include_url=False)
        ]
    except (UsageError, TypeError, ValueError) as error:
        if isinstance(error, UsageError) and "pip install" in str(error):
            raise
        wrong = f"a setting has a value of the wrong type ({error})."
        message = str(error) if isinstance(error, UsageError) else wrong
        return [file.finding("invalid-settings", (table,), message)]
    return []


def settings(lab: Lab) -> Mapping[str, Any]:
    """The whole file as plain values, for the card and for recognising a run."""
    return lab.config.model_dump(mode="json")
