import base64
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.analysis import Analysis, EncoderReaction, JointEvidence, to_json
from core.analysis_file import from_json
from core.limits import not_detectable, seen_weakly
from core.project import Project, new_note, new_project
from core.track import Presence
from core.video import Video, open_video
from render.report import write_html

Maker = Callable[..., Analysis]
EVIL = "<script>alert(1)</script>"
VOID = {"meta", "img", "br", "link", "hr", "input"}


class Page(HTMLParser):
    """What stands in a page: elements, their attributes, ids, and the words outside of style; `faults` are tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.faults: list[str] = []
        self._open: list[str] = []
        self._words: list[str] = []
        self.feed(text)
        self.close()
        self.faults += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self._words.append(data)

    @property
    def words(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self._words))

    def values(self, name: str) -> list[str]:
        return [value for _, attribute, value in self.attributes if attribute == name]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Video]:
    folder = tmp_path_factory.mktemp("frames")
    for frame in range(60):
        cv2.imwrite(str(folder / f"{frame:03d}.png"), np.full((360, 640, 3), 4 * frame, np.uint8))
    video = open_video(folder)
    yield video
    video.close()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return replace(new_project(tmp_path / "clip.mp4", "5e" * 32, 60), notes=(new_note(range(30, 33), "The hand flickers."),))


@pytest.fixture
def report(tmp_path: Path) -> Callable[..., str]:
    def write(analysis: Analysis, video: Video | None = None, project: Project | None = None) -> str:
        path = tmp_path / "out" / "report.html"
        write_html(analysis, video, project, path)
        assert [file.name for file in path.parent.iterdir()] == ["report.html"]
        return path.read_text(encoding="utf-8")

    return write


Report = Callable[..., str]


def images(text: str) -> list[tuple[str, np.ndarray]]:
    """alt text and pixels of each picture."""
    found = re.findall(r'<img src="data:image/jpeg;base64,([^"]+)"[^>]* alt="([^"]+)"', text)
    return [(alt, cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)) for data, alt in found]


def test_that_the_page_is_whole_html_with_unique_ids(report: Report, make_analysis: Maker, video: Video, project: Project) -> None:
    text = report(make_analysis(), video, project)
    page = Page(text)
    assert text.lstrip().startswith("<!DOCTYPE html>")
    assert page.faults == []
    assert len(page.values("id")) == len(set(page.values("id")))
    assert {"summary", "events", "event-1", "event-2", "curves", "map", "notes", "blind-spots", "provenance"} <= set(page.values("id"))
    assert page.tags["svg"] == 3


def test_that_the_page_loads_nothing_from_elsewhere(report: Report, make_analysis: Maker, video: Video, project: Project) -> None:
    page = Page(report(make_analysis(), video, project))
    assert not page.tags.keys() & {"script", "link", "iframe", "object", "embed"}
    loads = page.values("src") + [value for value in page.values("href") if not value.startswith("#")]
    assert loads
    assert all(value.startswith("data:image/jpeg;base64,") for value in loads)
    text = report(make_analysis(), None, project)
    assert re.findall(r"url\((?!#)", text) == []
    assert "@import" not in text
    assert [value for value in re.findall(r"https?://[^\s\"']+", text) if not value.startswith("http://www.w3.org/")] == []


def test_that_the_summary_says_when_where_and_why(report: Report, make_analysis: Maker) -> None:
    words = Page(report(make_analysis())).words
    assert "2 suspicious moments were found in 60 frames." in words
    assert "The strongest lies at frame 40 (0:01.600), in the left wrist." in words
    assert "The left wrist jumps by a quarter of a body height within one frame." in words
    assert "joint jump, frames 39 to 41 (0:01.560 to 0:01.640)" in words
    assert "92 % : one step in 4,000 of real motion is as large" in words.replace("%:", "% :")


def test_that_every_score_says_that_lower_is_better(report: Report, make_analysis: Maker) -> None:
    words = Page(report(replace(make_analysis(), action="squat"))).words
    assert re.search(r"Temporal coherence 0\.210 a distance from 0 to 2, lower is better", words)
    assert re.search(r"Action consistency with “squat” 0\.900 a distance from 0 to 2, lower is better", words)
    assert re.search(r"Nearest action wave action consistency 0\.350: a distance from 0 to 2, lower is better", words)
    assert "Motion amount 0.62 body heights/s" in words
    assert "Frame rate 25.00 frames/s" in words
    assert "do not set them beside published figures" in words


def test_that_missing_scores_are_explained(report: Report, make_analysis: Maker) -> None:
    words = Page(report(make_analysis(scored=False))).words
    assert "There are no scores: only 40 % of the frames show a single person; at least 80 % are needed." in words
    assert "Temporal coherence not known" in words
    assert "nan" not in words.lower().split()


def test_that_the_nearest_action_stands_beside_how_often_it_is_right(report: Report, make_analysis: Maker) -> None:
    analysis = make_analysis()
    measured = replace(analysis, manifold=replace(analysis.manifold, clip_accuracy=0.24))
    assert "right for 24% of the clips held out" in Page(report(measured)).words


def test_that_an_event_of_all_joints_has_no_one_place(report: Report, make_analysis: Maker) -> None:
    analysis = make_analysis()
    event = analysis.glitches[0]
    joints = tuple(JointEvidence(name, 0.1, 5.0) for name in ("left_knee", "right_knee", "nose"))
    words = Page(report(replace(analysis, glitches=(replace(event, joints=joints),)))).words
    assert "all over the body" in words
    assert "in the left knee" not in words


def test_that_short_clips_are_marked(report: Report, make_analysis: Maker) -> None:
    analysis = make_analysis()
    sentence = "The clip is shorter than a window of 32 frames"
    assert sentence not in Page(report(analysis)).words
    assert sentence in Page(report(replace(analysis, scores=replace(analysis.scores, padded=True)))).words


def test_that_a_clip_outside_gets_no_verdict(report: Report, make_analysis: Maker) -> None:
    analysis = make_analysis()
    known = Page(report(analysis)).words
    assert "Nearest action wave" in known
    assert "Distance to every action" in known
    outside = Page(report(replace(analysis, action="walk", scores=replace(analysis.scores, outside=True)))).words
    assert "Outside what this manifold knows: this motion, or the features it was seen by, is unlike all real motion" in outside
    assert "Action consistency not told outside what this manifold knows" in outside
    assert "Nearest action" not in outside
    assert "Distance to every action" not in outside


def test_that_a_window_outside_names_no_near_actions(report: Report, make_analysis: Maker) -> None:
    analysis = make_analysis()
    assert analysis.map is not None and analysis.map.outside.tolist() == [False, False, False, True]
    rows = Page(report(analysis)).words.split("nearest actions")[-1]
    assert "frames 24 to 55 outside what this manifold knows" in rows


def test_that_remarks_about_the_clip_are_told(report: Report, make_analysis: Maker) -> None:
    words = Page(report(replace(make_analysis(), remarks=("Unusual tempo: half speed.",)))).words
    assert "Unusual tempo: half speed." in words


def test_that_shares_are_told_with_the_encoder_s_reaction_and_its_one_detector(report: Report, make_analysis: Maker) -> None:
    analysis = make_analysis()
    first = replace(analysis.glitches[0], encoder=EncoderReaction(2.31, 0.4, 1.2))
    words = Page(report(replace(analysis, glitches=(first,)))).words
    assert "The encoder sees this event: across it, it steps 2.3 usual steps farther" in words
    assert "shares of the sources in the encoder's reaction (Shapley values) pose: 50 % key points: 30 % appearance: 20 %" in words
    assert "Pose, orientation, shape and key points come from one detector: not four witnesses." in words
    unseen = replace(first, encoder=EncoderReaction(-0.2, 0.4, 1.2), sources={})
    words = Page(report(replace(analysis, glitches=(unseen,)))).words
    assert "The encoder does not see this event: across it, it steps no farther than across the same frames healed" in words
    assert "Shapley" not in words
    assert "one detector" not in words


@pytest.mark.parametrize("kind", ["edit", "pose lost"])
def test_that_what_is_no_fault_of_the_motion_is_not_called_suspicious(report: Report, make_analysis: Maker, kind: str) -> None:
    first, *rest = make_analysis().glitches
    words = Page(report(replace(make_analysis(), glitches=(replace(first, kind=kind), *rest)))).words
    assert "1 suspicious moment was found in 60 frames." in words
    alone = Page(report(replace(make_analysis(), glitches=(replace(first, kind=kind),)))).words
    assert "No suspicious moment was found in 60 frames." in alone
    assert first.text in alone


def test_that_the_page_names_the_kinds_that_are_not_detectable_or_seen_weakly(report: Report, make_analysis: Maker) -> None:
    words = Page(report(make_analysis())).words
    assert not_detectable()
    for sentence in (*not_detectable(), *seen_weakly()):
        assert sentence in words
    assert "Motion that looks the same forwards and backwards does not tell when it runs backwards." in words


def test_that_no_event_is_not_called_good(report: Report, make_analysis: Maker) -> None:
    words = Page(report(replace(make_analysis(), glitches=()))).words
    assert "No suspicious moment was found in 60 frames. That does not mean that the motion is good." in words


def test_that_a_clip_without_a_person_says_that_nothing_was_judged(report: Report, make_analysis: Maker) -> None:
    analysis = make_analysis(scored=False)
    nobody = replace(analysis.track, presence=(Presence.NONE,) * 60)
    words = Page(report(replace(analysis, track=nobody, glitches=(), map=None))).words
    assert "Nothing could be judged: none of the 60 frames shows one person clearly." in words


def test_that_frames_that_are_not_clear_are_listed_with_their_reason(report: Report, make_analysis: Maker) -> None:
    words = Page(report(make_analysis())).words
    assert "frames 20 to 21 (0:00.800 to 0:00.840) nobody found nobody was found" in words
    assert "Clear frames 58 of 60" in words


def test_that_each_event_is_pictured_before_at_and_after_its_peak(report: Report, make_analysis: Maker, video: Video) -> None:
    pictures = images(report(make_analysis(), video))
    assert [alt.split(" with")[0] for alt, _ in pictures] == [f"Frame {frame}" for frame in (39, 40, 41, 9, 10, 11)]
    # The frames' own grey, four times their number, stands in the corner where nothing is drawn.
    assert [float(picture[:8, :8].mean()) for _, picture in pictures] == pytest.approx([4 * n for n in (39, 40, 41, 9, 10, 11)], abs=2)
    assert all(max(picture.shape) <= 480 for _, picture in pictures)
    assert all(picture.std() > 5 for _, picture in pictures)


def test_that_an_event_at_the_edge_shows_the_frames_there_are(report: Report, make_analysis: Maker, video: Video) -> None:
    analysis = make_analysis()
    first = replace(analysis.glitches[0], start=0, peak=0, stop=1)
    last = replace(analysis.glitches[0], start=59, peak=59, stop=60)
    pictures = images(report(replace(analysis, glitches=(first, last)), video))
    assert [alt.split(" with")[0] for alt, _ in pictures] == ["Frame 0", "Frame 1", "Frame 58", "Frame 59"]


def test_that_notes_stand_in_the_report_with_their_frames(report: Report, make_analysis: Maker, video: Video, project: Project) -> None:
    analysis = replace(make_analysis(), glitches=())
    text = report(analysis, video, project)
    words = Page(text).words
    assert "Frames 30 to 32 (0:01.200 to 0:01.280) The hand flickers." in words
    assert [alt.split(" with")[0] for alt, _ in images(text)] == ["Frame 30", "Frame 31", "Frame 32"]
    assert "Nobody has written a note" in Page(report(analysis, video)).words


def test_that_a_report_without_the_video_says_so_and_has_no_pictures(report: Report, make_analysis: Maker, project: Project) -> None:
    text = report(make_analysis(), None, project)
    page = Page(text)
    assert page.tags["img"] == 0
    assert "The video was not at hand when this report was written, so it has no pictures." in page.words
    assert "The hand flickers." in page.words


def test_that_a_report_is_written_from_an_export(report: Report, make_analysis: Maker) -> None:
    words = Page(report(from_json(to_json(make_analysis())))).words
    assert "The strongest lies at frame 40 (0:01.600), in the left wrist." in words


def test_that_words_of_files_and_people_never_become_markup(report: Report, make_analysis: Maker, video: Video, project: Project) -> None:
    analysis = make_analysis(path=f"videos/{EVIL.replace('/', '')}.mp4")
    assert analysis.map is not None
    quoted = f'"{EVIL}'
    glitch = replace(analysis.glitches[0], kind=EVIL, text=EVIL, rarity=quoted, sources={EVIL: 1.0}, tracks=(EVIL,))
    analysis = replace(
        analysis,
        action=quoted,
        video=replace(analysis.video, sha256=EVIL, notes=(EVIL,)),
        manifold=replace(analysis.manifold, name=EVIL, classes=(quoted, "wave", "walk")),
        scores=replace(analysis.scores, nearest_class=EVIL, action_consistency={EVIL: 0.5, quoted: 0.7}),
        map=replace(analysis.map, classes=(quoted, "wave", "walk")),
        curves=replace(analysis.curves, attention={EVIL: analysis.curves.attention["pose"]}),
        track=replace(analysis.track, reasons=(EVIL,) * 60, presence=(Presence.UNCERTAIN,) * 60),
        glitches=(glitch,),
        timings={EVIL: 1.0},
        telltale_version=EVIL,
        created=EVIL,
    )
    evil = replace(project, notes=(replace(project.notes[0], text=f"</blockquote>{EVIL}", created=EVIL),))
    text = report(analysis, video, evil)
    page = Page(text)
    assert page.tags["script"] == 0
    assert "<script" not in text
    assert page.faults == []
    assert page.words.count(EVIL) >= 12
    assert "</blockquote><script>alert(1)</script>" in page.words


def test_that_the_page_tells_where_its_numbers_come_from(report: Report, make_analysis: Maker) -> None:
    words = Page(report(make_analysis(path="/home/ada/secret plans/clip.mp4"))).words
    for fact in (
        "5e" * 32,
        "ab" * 32,
        "blazepose 0.10.14 on cpu",
        "appearance in hog-lab-1024 (1024)",
        "telltale-blazepose, variant corrected, 25 frames/s",
        "0.1.0, schema 1",
        "2026-01-02 03:04:05 UTC",
        "extraction 1.90 s, embedding 0.20 s, glitches 0.05 s",
        "clip.mp4, 60 frames, 640 x 360 pixels, 2.400 s",
    ):
        assert fact in words
    assert "secret plans" not in words


def test_that_the_page_says_what_the_tool_cannot_see(report: Report, make_analysis: Maker) -> None:
    words = Page(report(make_analysis())).words
    assert "What the tool cannot see" in words
    assert "“No event found” does not mean “good”" in words
    assert "Attention shows where the encoder looked. It is no proof of a cause." in words


def test_that_figures_take_the_colours_of_light_and_dark(report: Report, make_analysis: Maker) -> None:
    text = report(make_analysis())
    assert "prefers-color-scheme: dark" in text
    assert "stroke: var(--curve)" in text
    assert "fill: var(--source-pose)" in text
    declared = set(re.findall(r"(--[\w-]+):", text))
    assert set(re.findall(r"var\((--[\w-]+)\)", text)) <= declared
    assert "#fe" not in text


def test_that_a_report_that_cannot_be_written_leaves_the_old_one(make_analysis: Maker, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.mkdir()
    with pytest.raises(OSError):
        write_html(make_analysis(), None, None, path)
    assert list(tmp_path.iterdir()) == [path]
