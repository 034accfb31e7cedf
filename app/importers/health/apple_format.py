"""Apple Health's export: a zip with one large XML, or that XML alone."""

from __future__ import annotations

from collections.abc import Iterator

from app.importers.bounded import Member, Opened
from app.importers.format import How, Item, Rejected, Said, Survey, Unreadable
from app.importers.health.mapping import Mapper, is_nothing, place_of, span_of
from app.importers.health.sources import Sources
from app.importers.health.xml import export_in, is_export, samples
from app.records.sources.documents import BadRecord
from app.records.times import read_instant


class AppleHealth:
    """Reads exports of Apple Health."""

    name = "apple-health"
    title = "Apple Health (export.zip or export.xml)"

    def recognises(self, file: Opened) -> str | None:
        """Return how one sees that a file is of this format, else None."""
        if file.is_zip:
            member = export_in(file)
            return f"{member.base} in it is health data of Apple" if member else None
        return "it is health data of Apple" if is_export(file.unpacked_head) else None

    def survey(self, file: Opened) -> Survey:
        """Look at all samples: which app wrote what."""
        sources, warnings = _sources(file)
        facts = (*sources.facts, ("Unit", "each sample says its own"))
        return Survey(facts, questions=tuple(sources.questions()), warnings=warnings)

    def read(self, file: Opened, how: How) -> Iterator[Item]:
        """Yield every sample that is taken, in the order of the file."""
        sources, _ = _sources(file)
        choice = sources.choice(how.answers)
        mapper = Mapper(how.wall_clock.offset_min, choice.meters)
        left_out = 0
        cut: Unreadable | None = None
        try:
            for sample in samples(file, _member(file)):
                if is_nothing(sample):
                    continue
                try:
                    span = span_of(sample, how.now_ms)
                    if choice.takes(sample.kind, sample.source, span.at_ms):
                        yield from mapper.found(sample, span)
                    else:
                        left_out += 1
                except BadRecord as problem:
                    yield Rejected(place_of(sample), str(problem))
        except Unreadable as refused:
            cut = refused
        yield from mapper.rest()
        if left_out:
            yield Said(f"{left_out} samples of apps that were not chosen are left out.")
        if cut is not None:
            raise cut


def _sources(file: Opened) -> tuple[Sources, tuple[str, ...]]:
    """Return who wrote what, and what to warn of. Raises ``Unreadable`` when there is nothing to be read."""
    sources, member = Sources(), _member(file)
    count = 0
    try:
        for sample in samples(file, member):
            count += 1
            instant = read_instant(sample.at("startDate"))
            if instant and not is_nothing(sample):
                sources.see(sample.kind, sample.source, instant.at_ms)
    except Unreadable as refused:
        if not count:
            raise
        return sources, (f"The export is not whole: {refused.message}.",)
    return sources, () if count else ("There is no glucose, insulin or food in it.",)


def _member(file: Opened) -> Member | None:
    if not file.is_zip:
        return None
    member = export_in(file)
    if member is None:
        raise Unreadable("There is no export of Apple Health in it")
    return member
