"""The knobs of one training stage."""

from dataclasses import asdict, dataclass, fields

from polystilts.errors import WrongUse


@dataclass(frozen=True)
class Recipe:
    """How long, how fast and in what portions a model learns."""

    updates: int = 500
    batch_size: int = 32  # examples per update
    learning_rate: float = 1e-3
    warmup_share: float = 0.1
    decay_share: float = 0.3  # of the updates, at the end; between the two the rate stays
    weight_decay: float = 0.01
    clip: float = 1.0  # the longest gradient that is followed as it is
    temperature: float = 0.05  # of the in-batch softmax (retrieval only)
    mask_share: float = 0.25  # of the tokens, in masked language modelling
    curriculum: float = 0.0  # share of the updates that leave a task's harder labels out, at the beginning
    alpha: float = 0.5  # languages of that text are drawn in proportion to size ** alpha
    dropout: float | None = None  # share of values left out; None: as the encoder's maker had it
    frozen: str = ""  # the part of the encoder that learns nothing: embeddings, or no part
    head_learning_rate: float | None = None  # of a new head; None: that of the encoder

    @property
    def head_times(self) -> float:
        """How many times the encoder's rate a new head learns with."""
        return 1.0 if self.head_learning_rate is None else self.head_learning_rate / self.learning_rate

    def __post_init__(self) -> None:
        if self.updates < 1 or self.batch_size < 1:
            raise WrongUse(
                f"A stage needs at least one update and one row per batch; asked were {self.updates} updates "
                f"of {self.batch_size} rows."
            )

    @classmethod
    def from_parameters(cls, parameters: dict) -> "Recipe":
        """The knobs named in the parameters, the defaults for the others."""
        return cls(**{f.name: parameters[f.name] for f in fields(cls) if f.name in parameters})

    def lengthened(self, updates: int) -> "Recipe":
        """The same recipe with more updates."""
        return Recipe(**asdict(self) | {"updates": self.updates + updates})

    def rate(self, update: int) -> float:
        """The learning rate at an update: up in a straight line, level, then down in a straight line to zero.

        >>> recipe = Recipe(updates=10, learning_rate=1.0, warmup_share=0.2, decay_share=0.4)
        >>> [round(recipe.rate(update), 2) for update in range(10)]
        [0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.75, 0.5, 0.25]
        """
        warmup, decay = round(self.warmup_share * self.updates), round(self.decay_share * self.updates)
        up = (update + 1) / warmup if warmup else 1.0
        down = (self.updates - update) / decay if decay else 1.0
        return self.learning_rate * min(1.0, up, down)
