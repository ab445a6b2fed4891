"""Every repeat-purchase model, a row each: its family of functions, what a reader calls it, and what it is a variant of.

A new model is a module with its `Family`, a row of `_PLAIN` here and its name in `cxvalue.study.file`, by which a study asks
for it. Where its family says so, the variants follow: on a seasonal clock, where customers leave at a purchase, and with
covariates, where there are parameters that these move (`cxvalue.study.consistency` lists those).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from cxvalue.foundation.errors import CxvalueError, nearest
from cxvalue.language.catalogue import translatable, translate
from cxvalue.language.letters import closed_up
from cxvalue.lifetime.families.bgbb_family import BB, BG_BB
from cxvalue.lifetime.families.bgnbd import BG_NBD, MBG_NBD
from cxvalue.lifetime.families.family import Family
from cxvalue.lifetime.families.nbd import NBD
from cxvalue.lifetime.families.paretonbd import PARETO_NBD
from cxvalue.lifetime.families.regular_family import regular_family


@dataclass(frozen=True, slots=True)
class Row:
    """One model: `family` of the events to a purchase, which only a rhythm asks for, and the name that it is `called`.

    `plain` is the name of the model that it is a `variant` of (rhythm, season or covariates); both are empty otherwise.
    """

    name: str
    called: str
    family: Callable[[int], Family]
    variant: str = ""
    plain: str = ""

    @property
    def title(self) -> str:
        """What a reader calls the model."""
        if self.variant == "season":
            return translate("{model} on a seasonal clock", model=MODELS[self.plain].title)
        if self.variant == "covariates":
            return translate("{model} + covariates", model=MODELS[self.plain].title)
        return translate(self.called)


def _row(family: Family, called: str) -> Row:
    return Row(family.name, called, lambda k: family)


_PLAIN = (
    _row(NBD, translatable("NBD (no dropout)")),
    _row(BG_NBD, translatable("BG/NBD")),
    _row(MBG_NBD, translatable("MBG/NBD")),
    _row(PARETO_NBD, translatable("Pareto/NBD")),
    _row(BG_BB, translatable("BG/BB")),
    _row(BB, translatable("beta-Bernoulli (no dropout)")),
)
_REGULAR = (
    Row(
        "bg_cnbd_k",
        translatable("BG/CNBD-k (regular rhythm)"),
        partial(regular_family, "bg_cnbd_k"),
        "rhythm",
        "bg_nbd",
    ),
    Row(
        "mbg_cnbd_k",
        translatable("MBG/CNBD-k (regular rhythm)"),
        partial(regular_family, "mbg_cnbd_k"),
        "rhythm",
        "mbg_nbd",
    ),
)


def _variants(row: Row) -> Iterable[Row]:
    family = row.family(1)
    if family.at_purchase:
        yield Row(f"{row.name}_seasonal", row.called, row.family, "season", row.name)
    if family.moves:
        yield Row(f"{row.name}_covariates", row.called, row.family, "covariates", row.name)


MODELS = {row.name: row for row in (*_PLAIN, *_REGULAR, *(more for row in _PLAIN for more in _variants(row)))}
"""Every model by its name."""

FAMILIES, PERIODIC = (
    {row.name: row.family(1) for row in _PLAIN if row.family(1).by_period == by_period} for by_period in (False, True)
)
"""The plain families whose time comes in days, and those whose time comes in opportunities."""

RHYTHMS, SEASONAL, COVARIATES = (
    {row.name: row.plain for row in MODELS.values() if row.variant == variant}
    for variant in ("rhythm", "season", "covariates")
)
"""The names of the variants, each with that of the plain model: what it is when k = 1, on its clock, without covariates."""

_OTHERS = {
    "gamma_gamma": translatable("Gamma-Gamma"),
    "sbg": translatable("shifted-beta-geometric (sBG)"),
    "hazard": translatable("hazard model with drivers"),
}


class _Titles(Mapping[str, str]):
    """Titles by the names of models, in the language that is spoken when they are asked for."""

    def __getitem__(self, name: str) -> str:
        return MODELS[name].title if name in MODELS else translate(_OTHERS[name])

    def __iter__(self) -> Iterator[str]:
        return iter([*MODELS, *_OTHERS])

    def __len__(self) -> int:
        return len(MODELS) + len(_OTHERS)


MODEL_TITLES: Mapping[str, str] = _Titles()
"""What a reader calls each model, those of spend and of contracts too."""


def family_of(name: str, k: int | None = None) -> Family:
    """The family with that name, or an error that names the nearest one; a rhythm needs its `k` events to a purchase."""
    row = MODELS.get(name)
    if row is None or (k is None and row.variant == "rhythm"):
        plain = [one.name for one in MODELS.values() if not one.variant]
        found = translate("There is no lifetime model {name!r}.", name=name)
        raise CxvalueError(closed_up(f"{found} {nearest(str(name), plain)}"))
    return row.family(k or 1)


def variant_of(plain: str, variant: str) -> str:
    """Name of a variant of a plain model.

    >>> variant_of("bg_nbd", "rhythm")
    'bg_cnbd_k'
    """
    return next(row.name for row in MODELS.values() if (row.plain, row.variant) == (plain, variant))


def without_dropout(names: Iterable[str]) -> str:
    """Name of the model without dropout that goes with some models: `nbd`, or `bb` where periods are counted.

    >>> without_dropout(["bg_nbd", "pareto_nbd"]), without_dropout(["bg_bb"])
    ('nbd', 'bb')
    """
    return BB.name if set(names) & set(PERIODIC) else NBD.name


_FAR = 1e3
_SCALE_OF = {"alpha": "r", "beta": "s"}


def at_limit(name: str, params: Mapping[str, float]) -> frozenset[str]:
    """The parameters of a model that ran to a limit, in which customers are all alike and larger values forecast the same.

    A shape above 1,000 or below 0.001, and the scale that goes with such a shape; scales alone may have any size.

    >>> sorted(at_limit("bg_nbd", {"r": 0.24, "alpha": 4.4, "a": 8.1e3, "b": 2.2e4}))
    ['a', 'b']
    >>> sorted(at_limit("nbd", {"r": 1e5, "alpha": 3e6})), sorted(at_limit("gamma_gamma", {"p": 6.0, "gamma": 4e3}))
    (['alpha', 'r'], [])
    """
    row = MODELS.get(name)
    if row is None:
        return frozenset()
    by_period = row.plain in PERIODIC or name in PERIODIC
    scales = {} if by_period else {scale: shape for scale, shape in _SCALE_OF.items() if scale in params}
    far = {key for key, value in params.items() if key not in scales and key != "k" and not 1 / _FAR <= value <= _FAR}
    return frozenset(far | {scale for scale, shape in scales.items() if shape in far})
