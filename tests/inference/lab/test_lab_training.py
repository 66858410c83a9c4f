"""A lab's own clips, from a training file to weights: folds by subject, resume, cache, card."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from emostats.errors import FindingsError, UsageError
from emostats.inference import cards
from emostats.inference.datasets import LeakageError
from emostats.inference.errors import VideoError
from emostats.inference.graph import mean_face
from emostats.inference.lab import learn, read_config, run, sequences, train_lab
from emostats.inference.weights import files

CARD = """
[card]
source = "Made here"
data_licence = "CC0"
population = "nobody"
intended_use = "A test"
not_for = ["people"]
licence = "Apache-2.0"
"""
CONFIG = """name = "tiny"
[data]
corpus = "table"
path = "clips.csv"
[folds]
n = 2
[windows]
length = 6
stride = 3
[network]
graph_widths = [8]
width = 16
temporal_layers = 1
temporal_heads = 2
temporal_hidden = 16
[training]
epochs = 4
batch_size = 8
learning_rate = 0.01
"""
N_FRAMES = 6


def read_made_clip(path, fps, reader):
    """Stands for the face reader: landmarks that the clip's one number tells (mouth up in smiles)."""
    text = (next(path.glob("*.png")) if path.is_dir() else path).read_text()
    if text == "broken":
        raise VideoError("unreadable", f"{path} cannot be read")
    subject, smile = map(int, text.split())
    rng = np.random.default_rng(subject)
    face = mean_face() + rng.normal(scale=0.02, size=(146, 3)).astype(np.float32)
    face[:40, 1] -= np.float32(0.6 * smile)
    points = np.repeat(face[None], N_FRAMES, axis=0)
    points[0] = np.nan  # a frame without a face
    if subject == 99:
        points[:] = np.nan
    read_made_clip.count += 1
    return points, np.arange(N_FRAMES) / fps


@pytest.fixture
def lab(tmp_path, monkeypatch):
    read_made_clip.count = 0
    monkeypatch.setattr(sequences, "_read", read_made_clip)
    monkeypatch.setattr(sequences, "FaceReader", lambda **_: None)
    rows = [clip(tmp_path, subject, smile) for subject in range(8) for smile in (0, 1)]
    write(tmp_path, rows)
    return tmp_path / "lab.toml"


def clip(folder, subject, smile, text=None):
    place = folder / "clips" / f"{subject}-{smile}"
    place.mkdir(parents=True, exist_ok=True)
    (place / "0.png").write_text(text or f"{subject} {smile}")
    return (
        f"clips/{place.name},s{subject},{'smile' if smile else 'neutral'},{'FM'[subject % 2]},{20 + subject}"
    )


def write(folder, rows, config=CONFIG):
    (folder / "clips.csv").write_text("\n".join(["video,subject,label,sex,age", *rows]))
    (folder / "lab.toml").write_text(config + CARD)


def test_from_clips_to_weights(lab):
    lab.write_text(lab.read_text().replace("epochs = 4", "epochs = 25"))
    result = train_lab(read_config(lab))
    found = result.evaluation
    assert found.predictions.classes == ("neutral", "smile")
    assert len(found.predictions.truth) == 16
    assert found.value("auc") > 0.9  # the made clips are easy
    assert set(found.metrics["group"]) == {"", "sex", "age", "difference"}
    over_runs, over_time, perturbed = result.stability
    assert over_runs.n == 2 and over_time.n == 16 * (N_FRAMES - 2)
    assert 0 <= over_time.estimate <= 1 and "not measured" in perturbed.error
    assert result.left_out == ()
    net, card = files.read(result.weights)
    assert net.sizes == {"expression": 2}
    assert card.classes == ("neutral", "smile")


def test_the_card_says_what_happened(lab):
    result = train_lab(read_config(lab))
    card = cards.read_card(result.weights.with_suffix(".json"))
    shown = dict(cards.rows(card))
    assert shown["Caution"] == "Not validated on children with autism."
    assert "2 folds by subject" in card.protocol
    assert "trained on all clips" in card.protocol
    (data,) = card.data
    assert (data.n_subjects, data.n_items, len(data.sha256)) == (8, 16, 16)
    by_name = {figure.metric: figure for figure in card.figures}
    row = result.evaluation.metrics.query("group == '' and metric == 'accuracy'").iloc[0]
    figure = by_name["accuracy"]
    assert (figure.estimate, figure.conf_low, figure.conf_high, figure.n_subjects) == (
        row["estimate"], row["conf_low"], row["conf_high"], 8
    )  # fmt: skip
    assert card.training["folds"]["n"] == 2


def test_nobody_is_tested_by_a_network_that_knows_them(lab, monkeypatch):
    seen = []
    train = run.train_network

    def watched(lab, chosen, labels, seed, place, epochs):
        seen.append((place.name, {item.clip.subject for item in chosen}))
        return train(lab, chosen, labels, seed, place, epochs)

    monkeypatch.setattr(run, "train_network", watched)
    result = train_lab(read_config(lab))
    assert len(seen) == 2
    for name, trained in seen:
        tested = result.table[result.table["fold"] == int(name[-1]) - 1]["subject"]
        assert len(tested) and not trained & set(tested)


def test_clips_are_read_once_and_a_killed_run_goes_on(lab, monkeypatch):
    train, calls = run.train_network, []

    def killed_in_the_second_fold(*args):
        calls.append(args[4].name)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return train(*args)

    monkeypatch.setattr(run, "train_network", killed_in_the_second_fold)
    with pytest.raises(KeyboardInterrupt):
        train_lab(read_config(lab))
    monkeypatch.undo()
    monkeypatch.setattr(sequences, "_read", read_made_clip)
    monkeypatch.setattr(sequences, "FaceReader", lambda **_: None)
    again = []
    monkeypatch.setattr(run, "train_network", lambda *args: again.append(args[4].name) or train(*args))
    resumed = train_lab(read_config(lab))
    assert read_made_clip.count == 16
    assert calls == ["fold-1", "fold-2"] and again == ["fold-2"]
    whole = lab.with_name("whole.toml")
    whole.write_text(lab.read_text().replace('"tiny"', '"whole"'))
    fresh = train_lab(read_config(whole))
    columns = ["p_neutral", "p_smile"]
    assert resumed.table[columns].to_numpy().tolist() == fresh.table[columns].to_numpy().tolist()


def test_progress_rises_to_the_end(lab):
    steps = []
    train_lab(read_config(lab), lambda step, done, total: steps.append((step, done / total)))
    assert list(dict.fromkeys(step for step, _ in steps)) == [
        "Reading clips", "Fold 1, seed 0", "Fold 2, seed 0", "All clips"
    ]  # fmt: skip
    shares = [share for step, share in steps if step != "Reading clips"]
    assert shares == sorted(shares) and shares[-1] == 1.0


def test_a_finished_run_is_not_trained_again(lab, monkeypatch):
    first = train_lab(read_config(lab))
    written = first.weights.stat().st_mtime_ns
    monkeypatch.setattr(run, "train_network", lambda *_: pytest.fail("trained again"))
    second = train_lab(read_config(lab))
    pd.testing.assert_frame_equal(first.table, second.table)
    assert second.weights.stat().st_mtime_ns == written


def test_another_run_in_the_same_folder_is_refused(lab):
    train_lab(read_config(lab))
    lab.write_text(lab.read_text().replace("epochs = 4", "epochs = 3"))
    with pytest.raises(UsageError, match="other settings"):
        train_lab(read_config(lab))


def test_a_full_disk_is_one_message(lab, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sequences, "_keep", full)
    with pytest.raises(UsageError, match="No space left on device"):
        train_lab(read_config(lab))


def test_clips_of_unknown_people_are_cards_with_a_caution(lab):
    folder = lab.parent / "afew"
    for split, numbers in (("Train", range(4)), ("Val", range(4, 8))):
        for label in ("happy", "sad"):
            for number in numbers:
                place = folder / split / label / f"{label}{number}.mp4"
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(f"{number} {int(label == 'happy')}")
    text = lab.read_text().replace('corpus = "table"', 'corpus = "afew"').replace('"clips.csv"', '"afew"')
    lab.write_text(text.replace("n = 2", 'kind = "published"'))
    result = train_lab(read_config(lab))
    card = cards.read_card(result.weights.with_suffix(".json"))
    assert "the published split" in card.protocol
    assert "Who is in the clips is unknown" in card.protocol
    assert result.table["clip"].str.contains("/Val/").all() and len(result.table) == 8  # Train is trained on


def test_the_usual_face_of_unknown_people_is_not_taken_out(lab):
    folder = lab.parent / "afew"
    for number in range(8):
        place = folder / ("Train", "Val")[number % 2] / ("Happy", "Sad")[number // 4] / f"{number}.mp4"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"{number} {number // 4}")
    text = lab.read_text().replace('corpus = "table"', 'corpus = "afew"').replace('"clips.csv"', '"afew"')
    text = text.replace("n = 2", 'kind = "published"')
    lab.write_text(text.replace("[windows]", "[windows]\nown_face = true"))
    with pytest.raises(UsageError, match="8 of 8 clips do not say who is in them"):
        train_lab(read_config(lab))
    rows = "".join(f"{number},p{number}\n" for number in range(8))
    (folder / "subjects.csv").write_text("clip,subject\n" + rows)
    assert train_lab(read_config(lab)).weights.exists()


def test_clips_that_cannot_be_used_are_counted(lab):
    folder = lab.parent
    extra = [clip(folder, 99, 1), clip(folder, 98, 0, "broken")]
    write(folder, [*(folder / "clips.csv").read_text().splitlines()[1:], *extra])
    result = train_lab(read_config(lab))
    reasons = {item.subject: reason for item, reason in result.left_out}
    assert "0 frames with a usable face" in reasons["s99"]
    assert "cannot be read" in reasons["s98"]
    assert len(result.evaluation.predictions.unscored) == 2
    assert "2 clips were left out" in cards.read_card(result.weights.with_suffix(".json")).protocol


def test_the_same_video_under_two_subjects_is_refused(lab):
    folder = lab.parent
    clip(folder, 1, 0, "0 0")
    with pytest.raises(LeakageError, match="same video"):
        train_lab(read_config(lab))


def test_own_face_is_taken_out(lab):
    reading = sequences.read_sequences(
        run.datasets.table(lab.parent / "clips.csv"), lab.parent / "cache", fps=10, least_frames=2
    )
    moved = sequences.without_own_face(reading.sequences)
    smiles = [item.points[1:] for item in moved if item.clip.label == "smile"]
    for points in smiles[1:]:  # what is left is the smile, the same for everybody
        np.testing.assert_allclose(points, smiles[0], atol=1e-5)
    assert all(np.isnan(item.points[0]).all() for item in moved)
    assert reading.sequences[0].usable.tolist() == [False] + [True] * (N_FRAMES - 1)


def test_a_kept_sequence_that_was_cut_off_is_read_anew(lab):
    cache = lab.parent / "cache"
    clips = run.datasets.table(lab.parent / "clips.csv")[:1]
    first = sequences.read_sequences(clips, cache, fps=10, least_frames=2)
    (kept,) = cache.iterdir()
    kept.write_bytes(kept.read_bytes()[:100])
    second = sequences.read_sequences(clips, cache, fps=10, least_frames=2)
    np.testing.assert_array_equal(first.sequences[0].points, second.sequences[0].points)
    assert read_made_clip.count == 2
    sequences.read_sequences(clips, cache, fps=5, least_frames=2)
    assert read_made_clip.count == 3  # another frame rate is another sequence


def test_frames_are_seen_in_windows_as_in_training(lab):
    net, _ = files.read(train_lab(read_config(lab)).weights)
    points = read_made_clip(lab.parent / "clips/3-1", 10, None)[0]
    alone, together = (learn.frame_probabilities(net, points, window, 1) for window in (1, N_FRAMES))
    np.testing.assert_allclose(alone[1:], np.repeat(alone[1:2], N_FRAMES - 1, axis=0), atol=1e-6)
    assert np.abs(together[1:] - alone[1:]).max() > 1e-4  # over time the network sees more
    assert np.isnan(alone[0]).all() and np.isnan(together[0]).all()
    np.testing.assert_allclose(alone[1:].sum(axis=1), 1)


def test_training_starts_from_other_weights(lab):
    first = train_lab(read_config(lab))
    text = lab.read_text().replace('name = "tiny"', 'name = "second"')
    start = f'[start]\nweights = "{first.weights.relative_to(lab.parent)}"\nparts = ["graph"]\n'
    frozen = text.replace("epochs = 4", 'epochs = 1\nfreeze = ["graph"]').replace("[card]", f"{start}[card]")
    lab.with_name("second.toml").write_text(frozen)
    second = train_lab(read_config(lab.with_name("second.toml")))
    one, two = (files.read(result.weights)[0].state_dict() for result in (first, second))
    assert (one["lift.weight"] == two["lift.weight"]).all()  # copied and frozen
    assert (one["heads.expression.weight"] != two["heads.expression.weight"]).any()


def test_labels_can_be_chosen(lab):
    chosen = lab.read_text().replace('path = "clips.csv"', 'path = "clips.csv"\nlabels = ["smile", "neutrl"]')
    lab.write_text(chosen)
    with pytest.raises(UsageError, match="Did you mean 'neutral'"):
        train_lab(read_config(lab))
    lab.write_text(chosen.replace("neutrl", "neutral"))
    assert train_lab(read_config(lab)).evaluation.predictions.classes == ("smile", "neutral")


def test_every_epoch_is_logged(lab):
    train_lab(read_config(lab))
    history = pd.read_csv(lab.parent / "tiny/seed-0/fold-1/history.csv")
    assert history["epoch"].tolist() == [0, 1, 2, 3]
    assert not any(math.isnan(value) for value in history["train_loss"])
    assert not list((lab.parent / "tiny").rglob("training-state*"))  # only a run that is not done keeps one
    assert json.loads((lab.parent / "tiny/run.json").read_text())["settings"]["name"] == "tiny"


@pytest.mark.parametrize(
    ("old", "new", "messages"),
    [
        ('corpus = "table"', 'corpus = "ravdes"', ["ravdes", "Did you mean 'ravdess'", "line 3"]),
        ('path = "clips.csv"', 'pth = "clips.csv"', ["unknown key 'pth'", "'path' is required"]),
        ("epochs = 4", "epoch = 4", ["no setting 'epoch'", "'epochs'"]),
        ("width = 16", "widht = 16", ["no setting 'widht'", "'width'"]),
        ("epochs = 4", 'epochs = "many"', ["wrong type", "key training"]),
        ("graph_widths = [8]", 'graph_widths = "wide"', ["key network"]),
        ("width = 16", "width = 1.5", ["key network.width", "found 1.5"]),
        ("epochs = 4", "seed = 4", ["seeds = [0]"]),
        ("n = 2", "n = 1", ["folds.n", "greater than 1"]),
        ('licence = "Apache-2.0"', "", ["'licence' is required"]),
        ('path = "clips.csv"', 'path = "clips.csv"\nlabels = ["a", "a"]', ["two or more different"]),
        ("[folds]", "[fold]", ["unknown key 'fold'", "'folds'"]),
    ],
)
def test_training_files_with_errors(lab, old, new, messages):
    text = lab.read_text()
    assert old in text
    lab.write_text(text.replace(old, new))
    with pytest.raises(FindingsError) as caught:
        read_config(lab)
    for message in messages:
        assert message in str(caught.value)


def test_files_that_are_none(tmp_path):
    with pytest.raises(FindingsError, match="does not exist"):
        read_config(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("name = ")
    with pytest.raises(FindingsError, match="not valid TOML"):
        read_config(tmp_path / "bad.toml")


def test_all_clips_unusable(lab):
    write(lab.parent, [clip(lab.parent, 99, 0), clip(lab.parent, 97, 1, "broken")])
    with pytest.raises(UsageError, match="None of the 2 clips"):
        train_lab(read_config(lab))
