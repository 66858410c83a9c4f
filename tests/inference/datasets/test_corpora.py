"""Loaders on tiny folders made in the layout of each corpus."""

from pathlib import Path

import numpy as np
import pytest

from emostats.errors import EmostatsWarning, FindingsError, UsageError
from emostats.inference import datasets
from emostats.inference.datasets.frames import clip_frames, clip_hash, read_image
from emostats.inference.datasets.ravdess import FOLDS
from emostats.inference.errors import VideoError


def make(root: Path, *names: str, text: str = "") -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def brief(clips):
    return [(clip.path.name, clip.subject, clip.label) for clip in clips]


def test_ravdess(tmp_path):
    make(
        tmp_path,
        "Actor_01/01-01-03-02-01-01-01.mp4",
        "Actor_01/02-01-03-02-01-01-01.mp4",  # the same performance without sound
        "Actor_01/03-01-03-02-01-01-01.mp4",  # sound alone
        "Actor_24/02-01-08-01-02-02-24.mp4",
        "Actor_24/02-02-05-01-02-02-24.mp4",  # sung
        ".hidden/01-01-03-02-01-01-01.mp4",
    )
    clips = datasets.ravdess(tmp_path)
    assert brief(clips) == [
        ("01-01-03-02-01-01-01.mp4", "01", "happy"),
        ("02-01-08-01-02-02-24.mp4", "24", "surprise"),
    ]
    assert [clip.fold for clip in clips] == [4, 3]
    assert dict(clips[0].meta) == {
        "modality": "audio-video",
        "channel": "speech",
        "intensity": "strong",
        "statement": "01",
        "repetition": "01",
        "sex": "M",
    }
    assert clips[1].meta["sex"] == "F"
    assert brief(datasets.ravdess(tmp_path, channel="song"))[0][2] == "angry"
    assert len(datasets.ravdess(tmp_path, channel="both")) == 3


def test_published_folds_of_ravdess_hold_each_actor_once():
    assert [sorted(actors) for actors in FOLDS] == [
        [2, 5, 14, 15, 16],
        [3, 6, 7, 13, 18],
        [10, 11, 12, 19, 20],
        [8, 17, 21, 23, 24],
        [1, 4, 9, 22],
    ]
    assert sorted(actor for actors in FOLDS for actor in actors) == list(range(1, 25))


def test_strange_names_are_counted(tmp_path):
    make(tmp_path, "Actor_01/01-01-03-02-01-01-01.mp4", "holiday.mp4", "01-01-09-01-01-01-01.mp4")
    with pytest.warns(EmostatsWarning, match=r"2 file\(s\).*'01-01-09"):
        assert len(datasets.ravdess(tmp_path)) == 1


def test_crema_d(tmp_path):
    make(tmp_path, "VideoFlash/1001_DFA_ANG_XX.flv", "VideoFlash/1002_IEO_HAP_HI.flv")
    make(tmp_path, "VideoDemographics.csv", text="ActorID,Age,Sex\n1001,51,Male\n1002,21,Female\n")
    clips = datasets.crema_d(tmp_path)
    assert brief(clips) == [
        ("1001_DFA_ANG_XX.flv", "1001", "angry"),
        ("1002_IEO_HAP_HI.flv", "1002", "happy"),
    ]
    assert dict(clips[0].meta) == {"sentence": "DFA", "sex": "M", "age": "51"}
    assert clips[1].meta["intensity"] == "high"
    assert clips[0].fold is None


def test_ck_plus(tmp_path):
    images = "cohn-kanade-images"
    make(tmp_path, *(f"{images}/S005/001/S005_001_0000000{i}.png" for i in (1, 2)))
    make(tmp_path, f"{images}/S005/002/S005_002_00000001.png")  # has no label
    make(tmp_path, "Emotion/S005/001/S005_001_00000002_emotion.txt", text="   3.0000000e+00\n")
    (clip,) = datasets.ck_plus(tmp_path)
    assert (clip.path, clip.subject, clip.label) == (tmp_path / images / "S005/001", "S005", "disgust")


def test_ck_plus_label_that_is_none(tmp_path):
    make(tmp_path, "images/S005/001/S005_001_00000001.png")
    make(tmp_path, "Emotion/S005/001/S005_001_00000001_emotion.txt", text="9")
    with pytest.raises(UsageError, match="from 0 to 7"):
        datasets.ck_plus(tmp_path)


def test_oulu_casia(tmp_path):
    for place in (
        "VL/Strong/P001/Anger",
        "VL/Dark/P001/Anger",
        "NI/Strong/P001/Anger",
        "VL/Strong/P002/Happiness",
    ):
        make(tmp_path, f"OriginalImg/{place}/000.jpeg", f"OriginalImg/{place}/001.jpeg")
    clips = datasets.oulu_casia(tmp_path)
    assert [(clip.subject, clip.label) for clip in clips] == [("P001", "angry"), ("P002", "happy")]
    assert [clip.path.parts[-3] for clip in datasets.oulu_casia(tmp_path, light="Dark")] == ["Dark"]
    with pytest.raises(UsageError, match="Dark"):
        datasets.oulu_casia(tmp_path, light="dark")


def test_afew_with_and_without_subjects(tmp_path):
    make(tmp_path, "Train_AFEW/Happy/001.avi", "Train_AFEW/Angry/002.avi", "Val_AFEW/Happy/003.avi")
    clips = datasets.afew(tmp_path)
    assert [(clip.label, clip.fold) for clip in clips] == [("angry", 0), ("happy", 0), ("happy", 1)]
    (fold,) = datasets.published_folds(clips)  # what the corpus calls training is never tested
    assert (fold.train, fold.test) == ((0, 1), (2,))
    with pytest.raises(UsageError, match=r"subjects\.csv"):
        datasets.subject_folds(clips, 2)
    make(tmp_path, "subjects.csv", text="clip,subject\n001,ann\n002.avi,ben\n003,cem\n")
    named = datasets.afew(tmp_path)
    assert [clip.subject for clip in named] == ["ben", "ann", "cem"]
    assert len(datasets.subject_folds(named, 2)) == 2


def test_afew_tests_each_other_part_after_training_on_the_training_part_alone(tmp_path):
    make(tmp_path, "Train/Happy/1.avi", "Val/Happy/1.avi", "Test/Happy/1.avi")  # numbers begin anew in each
    clips = datasets.afew(tmp_path)
    names = [clip.path.parts[-3] for clip in clips]
    found = [
        ([names[i] for i in fold.train], [names[i] for i in fold.test])
        for fold in datasets.published_folds(clips)
    ]
    assert found == [(["Train"], ["Val"]), (["Train"], ["Test"])]


def test_afew_without_splits(tmp_path):
    make(tmp_path, "Happiness/a.mp4", "Neutral/b.mp4")
    assert [(clip.label, clip.fold) for clip in datasets.afew(tmp_path)] == [
        ("happy", None),
        ("neutral", None),
    ]


def test_afew_clip_without_a_subject(tmp_path):
    make(tmp_path, "Happy/001.avi", "Happy/002.avi")
    make(tmp_path, "subjects.csv", text="clip,subject\n001,ann\n")
    with pytest.raises(UsageError, match=r"002\.avi"):
        datasets.afew(tmp_path)


def test_table(tmp_path):
    make(tmp_path, "a.mp4", "more/b.mp4")
    make(
        tmp_path,
        "clips.csv",
        text="\ufeffvideo,subject,label,fold,sex,age\na.mp4,007,happy,1,F,31\nmore/b.mp4,7,sad,2,,\n",
    )
    clips = datasets.load("table", tmp_path / "clips.csv")
    assert brief(clips) == [("a.mp4", "007", "happy"), ("b.mp4", "7", "sad")]
    assert [clip.fold for clip in clips] == [1, 2]
    assert [dict(clip.meta) for clip in clips] == [{"sex": "F", "age": "31"}, {}]


def test_all_errors_of_a_table_at_once(tmp_path):
    make(tmp_path, "a.mp4")
    rows = ("a.mp4,1,happy,", "a.mp4,1,happy,", "b.mp4,1,sad,", "a.mp4,,sad,", "./a.mp4,2,sad,x")
    make(tmp_path, "clips.csv", text="\n".join(("video,subject,label,fold", *rows)))
    with pytest.raises(FindingsError) as caught:
        datasets.table(tmp_path / "clips.csv")
    assert [finding.cell for finding in caught.value.findings] == ["row 3", "row 4", "row 5", "row 6"]
    for part in ("row 2 already", "no video 'b.mp4'", "no subject", "whole number"):
        assert part in str(caught.value)


def test_tables_that_are_none(tmp_path):
    make(tmp_path, "clips.csv", text="vidoe,subject,label\n")
    with pytest.raises(UsageError, match="vidoe"):
        datasets.table(tmp_path / "clips.csv")
    make(tmp_path, "empty.csv", text="video,subject,label\n")
    with pytest.raises(UsageError, match="no rows"):
        datasets.table(tmp_path / "empty.csv")
    with pytest.raises(UsageError, match="cannot be read"):
        datasets.table(tmp_path / "nothing.csv")
    (tmp_path / "latin.csv").write_bytes("video,subject,label\na,Jos\xe9,b".encode("latin-1"))
    with pytest.raises(UsageError, match="UTF-8"):
        datasets.table(tmp_path / "latin.csv")


@pytest.mark.parametrize("corpus", ["ravdess", "crema-d", "ck+", "oulu-casia", "afew"])
def test_folders_without_clips(tmp_path, corpus):
    make(tmp_path, "README.txt")
    with pytest.raises(UsageError, match="expected"):
        datasets.load(corpus, tmp_path)
    with pytest.raises(UsageError, match="no folder"):
        datasets.load(corpus, tmp_path / "elsewhere")


def test_unknown_corpus_and_option(tmp_path):
    with pytest.raises(UsageError, match="'ravdess'"):
        datasets.load("ravdes", tmp_path)
    with pytest.raises(UsageError, match="'channel'"):
        datasets.load("ravdess", tmp_path, chanel="song")
    with pytest.raises(UsageError, match="speech"):
        datasets.ravdess(tmp_path, channel="spoken")


def picture(path: Path, level: int) -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((6, 8, 3), level, dtype=np.uint8)).save(path)


def test_a_folder_of_images_is_a_clip(tmp_path):
    for index in (2, 0, 1):
        picture(tmp_path / f"00{index}.png", 50 * index)
    frames = list(clip_frames(tmp_path, fps=10))
    assert [frame.image[0, 0, 0] for frame in frames] == [0, 50, 100]
    assert [frame.time for frame in frames] == [0.0, 0.1, 0.2]
    assert frames[0].image.shape == (6, 8, 3)


def test_hash_of_a_clip_is_that_of_its_content(tmp_path):
    for name in ("a", "b"):
        picture(tmp_path / name / "0.png", 7)
    assert clip_hash(tmp_path / "a") == clip_hash(tmp_path / "b")
    picture(tmp_path / "b" / "1.png", 7)
    assert clip_hash(tmp_path / "a") != clip_hash(tmp_path / "b")
    assert clip_hash(tmp_path / "a/0.png") != clip_hash(tmp_path / "a")


def test_images_that_are_none(tmp_path):
    (tmp_path / "a.jpg").write_text("no image")
    with pytest.raises(VideoError, match="cannot be read as an image"):
        read_image(tmp_path / "a.jpg")
    (tmp_path / "empty").mkdir()
    with pytest.raises(VideoError, match="without images"):
        list(clip_frames(tmp_path / "empty"))


def test_the_flash_videos_of_crema_d_are_read(tmp_path):
    import av

    path = tmp_path / "1001_DFA_ANG_XX.flv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("flv", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for level in (40, 80, 120, 160, 200):
            image = np.full((48, 64, 3), level, dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    (clip,) = datasets.crema_d(tmp_path)
    frames = list(clip_frames(clip.path))
    assert len(frames) == 5
    assert [round(frame.image.mean(), -1) for frame in frames] == [40, 80, 120, 160, 200]
