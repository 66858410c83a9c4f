"""demo --video: scores the clip that travels with the package."""

from __future__ import annotations

from pathlib import Path

from emostats.cli.console import progress_bar, put, put_json, say

NOTE = (
    "Demo clip, made from stills of adults (Face Research Lab London Set, DeBruine & Jones 2017, CC BY 4.0). "
    "Nobody ever moved like this, and no child is shown."
)


def video_demo(output: Path, *, as_json: bool, quiet: bool) -> None:
    """Writes scores.csv, frames.csv, timeline.html and the annotated preview.mp4 into `output`."""
    from emostats.inference.batch import Plan, score_video, summary
    from emostats.inference.demo import CLIP, STIMULI
    from emostats.inference.outputs import frame_writer, write_scores, write_text
    from emostats.inference.preview import write_preview
    from emostats.inference.reading import Reading
    from emostats.inference.sessions import Session
    from emostats.inference.setup import check_ready
    from emostats.inference.smile_model import weights_sha256
    from emostats.inference.timeline import timeline_page

    check_ready()
    session = Session(CLIP, "demo", stimuli=STIMULI)
    with progress_bar(quiet=quiet) as progress:
        plan = Plan(reading=Reading(smile_weights=weights_sha256()))
        scored = score_video(session, plan, lambda seconds: progress("Reading the clip", seconds, 20.0))
        progress("Writing the pages", 20.0, 20.0)
    write_scores(summary([scored]), output / "scores.csv")
    with frame_writer(output / "frames.csv") as keep:
        keep(scored)
    write_preview(scored, output / "preview.mp4")
    page = output / "timeline.html"
    write_text(timeline_page(scored, note=NOTE), page)
    say(NOTE)
    if as_json:
        put_json({"timeline": page, "scores": scored.row()})
    else:
        put(str(page))
