"""What `train` says: a bar and the course of the loss on a terminal, a line for each epoch, and one for everything that is left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cli.progress import StageBar
from cli.status import refuse
from cli.tables import Table, show

if TYPE_CHECKING:  # these need torch, --help does not
    from core.training.clips import LeftOut
    from core.training.epochs import Listener
    from core.training.log import EpochLosses
    from core.training.material import Material
    from core.training.recipe import Recipe

_NAMED = 3  # so many of the clips that are left out are named
_BARS, _BARS_SHOWN = "▁▂▃▄▅▆▇█", 40


def tell_left_out(left_out: LeftOut, unknown: Sequence[str]) -> None:
    """unknown: names on the list of excluded ones that no clip has."""
    for action in left_out.empty:
        refuse(f"The class folder {action} holds nothing to train on: it is left out.")
    for name, reason in left_out.unreadable.items():
        refuse(f"{name} is left out: {reason}")
    for names, why in ((left_out.several, "with more than one person"), (left_out.nobody, "where nobody is seen clearly enough")):
        if names:
            refuse(f"Discarded, for over 20 % of frames {why}: {_named(names, 'video')}.")
    if left_out.excluded:
        refuse(f"Left out, as the list of excluded ones says: {_named(left_out.excluded, 'video')}.")
    if unknown:
        refuse(f"On the list of excluded ones, but not among the videos: {_named(unknown, 'name')}.")


def _named(names: Sequence[str], what: str) -> str:
    """`5 videos (a, b, c and 2 more)`; the report has them all."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{len(names)} {what}{'s' if len(names) > 1 else ''} ({', '.join(names[:_NAMED])}{more})"


def tell_material(material: Material, split: str) -> None:
    if material.short:
        refuse(f"Left out, since they are shorter than a window: {_named(material.short, 'clip')}.")
    for action in material.alone:
        what = "video" if split == "video" else "group"
        refuse(f"The class {action} has only one {what} that can be used, so none could be held out: it is left out, add another.")
    training, testing = (f"{len(part)} windows of {len(set(part.clip.tolist()))} clips" for part in (material.training, material.testing))
    refuse(f"{len(material.manifold.classes)} classes: {training} train, {testing} are held out.")
    if split == "video":
        refuse("Split by video: where videos share an actor (the groups of UCF), held-out figures are too good; see --split group.")


def tell_figures(found: dict[str, Any]) -> None:
    print(f"held-out loss {found['held_out_loss']:.4f}, NMI {found['nmi']:.3f}, nearest centroid right {found['window_accuracy']:.1%}")
    rows = tuple((name, d["windows"], d["own"], d["nearest_other"]) for name, d in found["distances"].items())
    show(Table("Mean distance of held-out windows to centroids", ("class", "windows", "own", "nearest other"), rows))


def listener(recipe: Recipe, bar: StageBar) -> Listener:
    """Says how the run goes on."""
    from core.training.epochs import Listener

    course: list[float] = []

    def epoch(losses: EpochLosses) -> None:
        course.append(losses.held_out)
        bar.clear()
        terms = ", ".join(f"{name} {getattr(losses, name):.4f}" for name in recipe.losses)
        head = f"epoch {losses.epoch}/{recipe.epochs}: loss {losses.loss:.4f}"
        drawn = f"  {sparkline(course)}" if bar.shown else ""
        refuse(f"{head} ({terms}), held out {losses.held_out:.4f}, NMI {losses.nmi:.3f}, {losses.seconds:.1f} s{drawn}")

    def step(number: int, done: int, total: int, loss: float) -> None:
        bar.show("train", (number - 1) * total + done, recipe.epochs * total, f"epoch {number}/{recipe.epochs} loss {loss:.3f}")

    return Listener(step, epoch, lambda done: refuse(f"An interrupted run goes on after epoch {done} of {recipe.epochs}."))


def sparkline(values: Sequence[float]) -> str:
    """The last values as a line of bars, from the lowest of all to the highest."""
    low, high = min(values), max(values)
    scale = (len(_BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(_BARS[round((value - low) * scale)] for value in values[-_BARS_SHOWN:])
