"""Speed and memory of the way from a video to its table of frames, beside what installs.

  python tests/benchmarks/video_benchmark.py [--seconds 20] [--long 30] [--vendor PYTHON TASK] [--fer PYTHON]

The video is made here: 640 × 360, H.264, one adult (Face Research Lab London Set, CC BY 4.0) who smiles and
sways. Each figure is frames a second: by the clock, and by the CPU time of the processes that did the work,
which other work on the machine stretches less. --long 30 adds a video of thirty minutes and the memory it
takes. --vendor and --fer name interpreters in which another package is installed (mediapipe with its model;
fer 22.5 with tensorflow, OpenCV before 5 and av); they read the same file in the same run.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # before numpy is loaded

import av  # noqa: E402
import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

STILLS = Path(__file__).resolve().parents[2] / "analyses" / "faces_london" / "data"
FPS = 25
ONE, TWO, MEMORY = 90.0, 160.0, 600.0
"""Goals: frames a second in one process and in two, megabytes for thirty minutes."""

READ = """
import resource, sys, time
from pathlib import Path
from emostats.inference.reading import Reading, read_frames
warm, video = Path(sys.argv[1]), Path(sys.argv[2])
read_frames(warm, Reading())
clock, cpu = time.perf_counter(), time.process_time()
table = read_frames(video, Reading())
clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
usable = (table["STATUS"] == "ok").mean()
print(len(table), clock, cpu, usable, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
DECODE = (
    READ.replace("read_frames(warm, Reading())\n", "")
    .replace(
        "table = read_frames(video, Reading())",
        "from emostats.inference.video import read_video\ntable = [f.index for f in read_video(video)]",
    )
    .replace('(table["STATUS"] == "ok").mean()', "1.0")
)


SMILE = READ.replace(
    "warm, video =", "from emostats.inference.smile_model import weights_sha256\nwarm, video ="
).replace("Reading()", "Reading(smile_weights=weights_sha256())")

VENDOR = """
import resource, sys, time
import av
import mediapipe as mp
from mediapipe.tasks.python import BaseOptions, vision
options = vision.FaceLandmarkerOptions(
    base_options=BaseOptions(model_asset_path=sys.argv[3]), output_face_blendshapes=True, num_faces=1,
    running_mode=vision.RunningMode.VIDEO,
)
def read(video):
    seen = frames = 0
    with vision.FaceLandmarker.create_from_options(options) as landmarker, av.open(video) as container:
        for frame in container.decode(video=0):
            image = mp.Image(image_format=mp.ImageFormat.SRGB, data=frame.to_ndarray(format="rgb24"))
            seen += bool(landmarker.detect_for_video(image, round(1000 * frame.time)).face_landmarks)
            frames += 1
    return frames, seen
read(sys.argv[1])
clock, cpu = time.perf_counter(), time.process_time()
frames, seen = read(sys.argv[2])
clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
print(frames, clock, cpu, seen / frames, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""

FER = """
import resource, sys, time
import av
from fer import FER
detector = FER(mtcnn=False)
def read(video):
    seen = frames = 0
    with av.open(video) as container:
        for frame in container.decode(video=0):
            seen += bool(detector.detect_emotions(frame.to_ndarray(format="bgr24")))
            frames += 1
    return frames, seen
read(sys.argv[1])
clock, cpu = time.perf_counter(), time.process_time()
frames, seen = read(sys.argv[2])
clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
print(frames, clock, cpu, seen / frames, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def pictures(seconds: float) -> Iterator[np.ndarray]:
    """One adult who smiles every six seconds and sways."""
    faces = [
        np.asarray(Image.open(STILLS / f"118_{name}.jpg").convert("RGB").resize((340, 340)), dtype=np.float32)
        for name in ("neutral", "smiling")
    ]
    shares = np.linspace(0, 1, 16)
    blends = [((1 - share) * faces[0] + share * faces[1]).astype(np.uint8) for share in shares]
    for index in range(round(seconds * FPS)):
        now = index / FPS
        level = round(15 * max(0.0, np.sin(np.pi * now / 3)) ** 2)
        canvas = np.full((360, 640, 3), 190, np.uint8)
        left = 150 + round(20 * np.sin(now))
        canvas[20:360, left : left + 340] = blends[level]
        yield canvas


def make(path: Path, seconds: float) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for image in pictures(seconds):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    return path


def repeated(path: Path, clip: Path, times: int) -> Path:
    """The clip's packets one after the other, so that a long video need not be encoded."""
    with av.open(str(path), "w") as target:
        stream, shift = None, 0
        for _ in range(times):
            with av.open(str(clip)) as source:
                (from_clip,) = source.streams.video
                stream = stream or target.add_stream_from_template(from_clip)
                for packet in source.demux(from_clip):
                    if packet.dts is None:
                        continue
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    packet.stream = stream
                    target.mux(packet)
                shift += from_clip.duration
    return path


def run(code: str, arguments: Sequence[object], python: str = sys.executable) -> subprocess.Popen[str]:
    command = [python, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def result(process: subprocess.Popen[str]) -> tuple[float, ...]:
    output, _ = process.communicate()
    if process.returncode:
        raise RuntimeError("a measuring process failed")
    return tuple(float(value) for value in output.split())


def measure(warm: Path, video: Path, processes: int, code: str = READ) -> dict[str, float]:
    """Frames a second of several processes that read the same video at the same time."""
    return rates([run(code, (warm, video)) for _ in range(processes)])


def rates(running: Sequence[subprocess.Popen[str]]) -> dict[str, float]:
    """What processes that print frames, seconds by the clock and of CPU, usable share and megabytes found."""
    found = [result(each) for each in running]
    frames, clock, cpu, usable, memory = np.array(found).T
    return {
        "clock": float((frames / clock).sum()),
        "cpu": float((frames / cpu).sum()),
        "usable": float(usable.min()),
        "memory": float(memory.max()),
    }


def lines(
    seconds: float, minutes: float, repeat: int, vendor: Sequence[str], fer: str | None
) -> Iterator[str]:
    load = os.getloadavg()[0]
    machine = f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    yield f"{machine}; load of the machine at the start: {load:.1f}."
    yield ""
    yield "| what | frames/s by the clock | by CPU time | goal |"
    yield "|---|---:|---:|---:|"
    with tempfile.TemporaryDirectory() as folder:
        warm, video = make(Path(folder) / "warm.mp4", 1.0), make(Path(folder) / "clip.mp4", seconds)
        for name, processes, code, goal in (
            ("decoding alone", 1, DECODE, None),
            ("one process", 1, READ, ONE),
            ("one process, with the trained smile head", 1, SMILE, ONE),
            ("two processes", 2, READ, TWO),
        ):
            runs = [measure(warm, video, processes, code) for _ in range(repeat)]
            clock, cpu = (max(each[key] for each in runs) for key in ("clock", "cpu"))
            yield f"| {name} | {clock:.0f} | {cpu:.0f} | {'' if goal is None else f'{goal:.0f}'} |"
        others = {"the vendor's runtime, all its threads": (VENDOR, vendor[1:], vendor[0])} if vendor else {}
        if fer:
            others["fer 22.5, faces by OpenCV's cascade, all its threads"] = (FER, (), fer)
        for name, (code, more, python) in others.items():
            best = max(
                (rates([run(code, (warm, video, *more), python)]) for _ in range(repeat)),
                key=lambda each: each["clock"],
            )
            yield f"| {name} | {best['clock']:.0f} | {best['cpu']:.0f} | |"
        short = measure(warm, video, 1)["memory"]
        if minutes:
            long = measure(warm, repeated(Path(folder) / "long.mp4", video, round(60 * minutes / seconds)), 1)
            yield ""
            yield (
                f"{minutes:g} minutes of video: {long['memory']:.0f} MB at the most (goal {MEMORY:.0f}), "
                f"{seconds:g} s: {short:.0f} MB; {long['clock']:.0f} frames/s by the clock, "
                f"{long['cpu']:.0f} by CPU time."
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--long", type=float, default=0.0, metavar="MINUTES")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument(
        "--vendor",
        nargs=2,
        metavar=("PYTHON", "TASK"),
        help="an interpreter with mediapipe and av, and its model",
    )
    parser.add_argument("--fer", metavar="PYTHON", help="an interpreter with fer 22.5, tensorflow and av")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    start = time.perf_counter()
    text = (
        "\n".join(lines(options.seconds, options.long, options.repeat, options.vendor or (), options.fer))
        + "\n"
    )
    print(text)
    if options.write:
        options.write.write_text(text, encoding="utf-8")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"Measured in {time.perf_counter() - start:.0f} s; this process itself took {peak:.0f} MB.",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
