"""The methods, and what is known of each before it sees a layer: a new one is a name and a line here."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shiftwire.numbers.escalate import MOST_BASES


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number of one method: its name, what it counts, the least, the largest, what it is unless told.

    `finer` is the next one of less error, which may be out of range.
    """

    name: str
    what: str
    least: int
    most: int
    usual: int
    finer: Callable[[int], int]

    def is_within(self, value: int) -> bool:
        """Whether it may be so."""
        return self.least <= value <= self.most


@dataclass(frozen=True, slots=True)
class Rule:
    """What is known of a method before it sees a layer: its words here, what it does in quantize/methods.

    `takes_terms` says that weights get as many terms as are asked for, `takes_exponents` within as many exponents.
    Methods of products have `instead`: why they take no error budget, and what makes their error smaller; layers that
    they leave alone get the method `left`, with `left_terms` if those are not the user's.
    """

    title: str = ""
    takes_terms: bool = False
    takes_exponents: bool = False
    instead: str | None = None
    left: str = "linear"
    left_terms: int | None = None
    numbers: tuple[Number, ...] = ()


class Method(enum.Enum):
    """How a weight becomes powers of two; the families round differently, so the rule is named, never guessed.

    LINEAR     the nearest power of two, again for what is left; ties to the smaller (SmartExchange's rule)
    LIGHTNN    2^round(log2 |w|), again for what is left (Ding et al. 2018; with gates FLightNN)
    DEEPSHIFT  one term, 2^round(log2 |w|) (Elhoushi et al. 2019)
    APOT       the nearest of {0, 1, 2, 3, 4, 6, 8, 10} times a step per filter (Li et al. 2020, four bits)
    SMARTEXCHANGE  powers of two times a basis of 3x3 codes, which are no sums of powers of two (Zhao et al. 2020)
    ESCALATE   ternary sums of a few basis kernels, which are convolved first (Li et al. 2021)
    CIRCULANT  powers of two in circulant blocks of outputs and inputs (Ding et al. 2017, without their transform)
    BINARY     -1 and 1, scaled filter by filter (Rastegari et al. 2016); first and last layer are left alone
    """

    LINEAR = "linear"
    LIGHTNN = "lightnn"
    DEEPSHIFT = "deepshift"
    APOT = "apot"
    SMARTEXCHANGE = "smartexchange"
    ESCALATE = "escalate"
    CIRCULANT = "circulant"
    BINARY = "binary"

    @property
    def rule(self) -> Rule:
        """What is known of it."""
        return RULES.get(self, Rule())

    @property
    def takes_terms(self) -> bool:
        """Whether it gives a weight as many terms as are asked for; the levels of the others fix them."""
        return self.rule.takes_terms

    @property
    def is_product(self) -> bool:
        """Whether weights become products of smaller ones, where kernels allow; the rest is of another method."""
        return self.rule.instead is not None

    @property
    def title(self) -> str:
        """As its paper spells it, of a method of products."""
        return self.rule.title or self.value


BASES = Number("bases", "bases", 1, MOST_BASES, 6, lambda bases: bases + 1)
BLOCK = Number("block", "outputs of a circulant block", 2, 64, 4, lambda block: block // 2)
RULES: Mapping[Method, Rule] = {
    Method.LINEAR: Rule(takes_terms=True, takes_exponents=True),
    Method.LIGHTNN: Rule(takes_terms=True, takes_exponents=True),
    Method.DEEPSHIFT: Rule(takes_exponents=True),
    Method.SMARTEXCHANGE: Rule("SmartExchange", instead="has none; leave it out, or give a smaller theta"),
    Method.ESCALATE: Rule(
        "ESCALATE",
        instead="has none; leave it out, or give more bases",
        left="lightnn",
        left_terms=1,
        numbers=(BASES,),
    ),
    Method.CIRCULANT: Rule(
        takes_terms=True,
        takes_exponents=True,
        instead="gives all weights as many; leave it out, or give more --terms or a smaller --block",
        numbers=(BLOCK,),
    ),
    Method.BINARY: Rule(instead="has one a weight; leave it out, or give layers another method with --layers"),
}
NUMBERS: Mapping[str, Number] = {number.name: number for rule in RULES.values() for number in rule.numbers}
"""Those of single methods, by name."""
WITH_TERMS = " or ".join(method.value for method in Method if method.takes_terms)
"""The methods that `--terms` belongs to, in words."""
