"""main.py report: a report from an analysis that is known already."""

from __future__ import annotations

import argparse
import json
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from cli.formats import format_list, write_formats
from cli.inputs import output_folders
from cli.status import DONE, REFUSED, refuse
from core.analysis import Analysis
from core.analysis_file import AnalysisFileError, from_json
from core.autosave import project_of
from core.project import SUFFIX, Project, ProjectError, find_video, open_project
from core.recall import recall_latest
from core.store import Store
from core.video import VideoError, file_sha256, open_video


class ReportError(Exception):
    """There is nothing to report on; the message is one sentence for people."""


class NotAnalysedError(ReportError):
    """No analysis of the video is known."""


@dataclass(frozen=True)
class Material:
    """What a report is made of; `note` says what it goes without."""

    analysis: Analysis
    video: Path | None
    project: Project | None
    note: str | None = None


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(
        prog="main.py report", description="Write a report from a video analysed before, a .telltale project or an analysis.json."
    )
    result.add_argument("input", metavar="INPUT", type=Path)
    result.add_argument("--out", metavar="DIR", required=True, type=Path, help="the report goes to DIR/<name of the video>/")
    result.add_argument("--format", default=("html",), type=format_list, help="comma-separated: html, json, csv (default: html)")
    return result


def run(options: argparse.Namespace) -> int:
    """Write the report, or say in one line why there is none."""
    try:
        material = gather(options.input, Store())
        (folder,) = output_folders([Path(material.analysis.video.path)], options.out)
        with ExitStack() as stack:
            video = stack.enter_context(open_video(material.video)) if material.video is not None else None
            written = write_formats(material.analysis, video, material.project, folder, options.format)
    except (ReportError, ProjectError, VideoError, AnalysisFileError) as error:
        refuse(f"{options.input}: {error}")
        return REFUSED
    except OSError as error:
        refuse(f"{options.out} cannot be written ({error.strerror or error}): choose another --out or make room.")
        return REFUSED
    if material.note:
        refuse(material.note)
    for path in written:
        print(path)
    return DONE


def gather(path: Path, store: Store) -> Material:
    """The analysis that `path` stands for. Raises ReportError, ProjectError, VideoError, AnalysisFileError."""
    if not path.exists():
        raise ReportError("there is no such file: check the path.")
    if path.suffix == SUFFIX:
        return _of_project(path, store)
    if path.suffix == ".json":
        try:
            analysis = from_json(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            if isinstance(error, AnalysisFileError):
                raise
            raise ReportError(f"it cannot be read as JSON ({error}): export the analysis again.") from error
        return Material(analysis, None, None, f"{path} holds no pictures: the report goes without them; give the video to have them.")
    return _of_video(path, store)


def _of_video(path: Path, store: Store) -> Material:
    sha256 = store.checksum(path, file_sha256)
    analysis = recall_latest(store, sha256)
    if analysis is None:
        raise NotAnalysedError(f"no analysis of it is in the cache: run 'main.py analyze {path} --out DIR' first.")
    project, _ = project_of(path, sha256, analysis.video.frames)
    # The analysis may have been made from a copy of the file under another name.
    return Material(replace(analysis, video=replace(analysis.video, path=str(path.absolute()))), path, project)


def _of_project(path: Path, store: Store) -> Material:
    project, analysis = open_project(path)
    video = find_video(project, path)
    if video is not None and store.checksum(video, file_sha256) != project.video.sha256:
        video = None  # another file under the same name
    analysis = analysis or recall_latest(store, project.video.sha256)
    if analysis is None:
        raise ReportError("it carries no analysis and none of its video is in the cache: run 'main.py analyze' on the video first.")
    if video is None:
        return Material(analysis, None, project, f"The video of {path} was not found where it was: the report goes without pictures.")
    return Material(analysis, video, project)
