"""What a language is: a code, a name, a family, a script, and where it stands in the design."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    """One row of the study's language table.

    For invented languages the three factors are set by the world; for real ones they are measured, and the
    fields are left empty here. What is known of a real language beforehand stands in the last three fields.
    """

    code: str
    name: str
    family: str
    script: str
    resource: str = ""  # "high" or "low": how much pretraining text the world gives it
    overlap: str = ""  # "high" or "low": how many words it shares with the source language
    order: str = ""  # "near", "far" or "verb-first": its word order beside the source language's
    language_set: str = ""  # "A" or "B": its half-fraction of the design; "": no arm practises in it
    invented: bool = True
    shared_names: float = 0.9  # of an invented language of high overlap: names it writes as the source does
    joshi_class: int | None = None  # 0 (left behind) to 5 (winners) in Joshi et al. 2020
    xlmr_gib: float = 0.0  # text of it that XLM-R was pretrained on, in GiB; 0: XLM-R never saw the language
    distance: float | None = None  # syntactic distance from English, 0 to 1; see `real.py`
    verb_final: bool | None = None  # of a real language, where it was looked up: does the verb come last?

    @property
    def cell(self) -> str:
        """Its cell in three letters: resource, overlap (High/Low), order (Near, Far, Verb-first)."""
        return "".join(level[:1].upper() for level in (self.resource, self.overlap, self.order))


def parity_set(resource: str, overlap: str, order: str) -> str:
    """The half-fraction of a cell: A where an even number of factors is at its harder level, B where odd.

    Each half holds every factor at both levels equally often and every pair of levels once, so a strategy
    that is taught in A and measured in B meets the factors in balance.

    >>> parity_set("high", "high", "near"), parity_set("low", "high", "near")
    ('A', 'B')
    """
    harder = (resource == "low") + (overlap == "low") + (order == "far")
    return "AB"[harder % 2]
