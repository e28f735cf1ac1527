"""The small language in which a measurement model is written."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from processing.errors import Problem, StatisticsError, stop_if_any

_TOKEN = re.compile(
    r"(?P<comment>\#[^\n]*)"
    r"|(?P<end>\n|;)"
    r"|(?P<space>[^\S\n]+)"
    r"|(?P<operator>=~|~~)"
    r"|(?P<plus>\+)"
    r"|(?P<times>\*)"
    r"|(?P<number>-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))"
    r"|(?P<name>[^\W\d][\w.]*)"
    r"|(?P<stray>:=|==|[^\s])"
)
_FREE = "NA"
_GRAMMAR = "Write one statement a line, as in 'tryg =~ hjemme + trappe' or 'hjemme ~~ trappe'"


@dataclass(frozen=True)
class Term:
    """One loading (factor =~ item) or one variance or covariance (left ~~ right)."""

    left: str
    operator: str
    right: str
    fixed: float | None
    """The value before the star, or None where the term is estimated."""
    free: bool
    """NA* was written: estimated even where a rule of identification would fix it."""
    label: str | None
    """Terms of one label share one value."""
    line: int
    column: int

    @property
    def place(self) -> str:
        return f"model, line {self.line}, column {self.column}"

    @property
    def key(self) -> tuple[str, str, str]:
        """What the term is about: a covariance reads the same from both ends."""
        if self.operator == "~~":
            first, second = sorted((self.left, self.right))
            return first, self.operator, second
        return self.left, self.operator, self.right


@dataclass(frozen=True)
class Model:
    """A parsed model."""

    text: str = field(repr=False)
    factors: tuple[str, ...]
    """In the order of their first statement."""
    items: tuple[str, ...]
    """Measured variables in the order in which they are first named by a factor."""
    terms: tuple[Term, ...]

    @property
    def loadings(self) -> tuple[Term, ...]:
        return tuple(term for term in self.terms if term.operator == "=~")

    @property
    def covariances(self) -> tuple[Term, ...]:
        return tuple(term for term in self.terms if term.operator == "~~")

    def indicators(self, factor: str) -> tuple[str, ...]:
        """What a factor is measured by: items, or factors of a lower order."""
        return tuple(term.right for term in self.loadings if term.left == factor)

    @property
    def is_hierarchical(self) -> bool:
        return any(term.right in self.factors for term in self.loadings)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    line: int
    column: int

    @property
    def place(self) -> str:
        return f"model, line {self.line}, column {self.column}"


def parse_model(text: str) -> Model:
    """Read a measurement model.

    One statement stands on a line (or before a semicolon); a line that ends or begins with ``+``,
    ``*`` or an operator goes on. ``#`` begins a comment.

    ===================  =====================================================================
    ``tryg =~ a + b``    the factor tryg is measured by a and b; the first is the marker
    ``g =~ tryg + ro``   a factor of the second order, measured by factors
    ``a ~~ b``           the residuals of a and b covary
    ``tryg ~~ ro``       two factors covary (they do so unasked; this names, fixes or frees it)
    ``a ~~ a``           the residual variance of a
    ``1*a``, ``0*ro``    a fixed value
    ``NA*a``             estimated, also where it would be the marker
    ``k*a + k*b``        terms of one label are equal
    ===================  =====================================================================

    Parameters
    ----------
    text
        The model.

    Returns
    -------
    Model
        Its factors, items and terms, in the order in which they are named.

    Raises
    ------
    StatisticsError
        with every problem of the text: line and column, what is wrong, what to do.

    References
    ----------
    Rosseel 2012, https://doi.org/10.18637/jss.v048.i02, whose language this is a part of

    Examples
    --------
    >>> model = parse_model('''
    ... tryg =~ hjemme + k*trappe + k*ude
    ... trappe ~~ ude           # asked on the same page
    ... ''')
    >>> model.factors, model.items
    (('tryg',), ('hjemme', 'trappe', 'ude'))

    """
    if not isinstance(text, str):
        raise StatisticsError(
            Problem("model", f"it is a text, got {type(text).__name__}", _GRAMMAR)
        )
    problems: list[Problem] = []
    terms: list[Term] = []
    for statement in _statements(text):
        try:
            terms += _read_statement(statement)
        except StatisticsError as error:
            problems += error.problems
    stop_if_any(problems)
    factors = tuple(dict.fromkeys(term.left for term in terms if term.operator == "=~"))
    items = tuple(
        dict.fromkeys(
            term.right for term in terms if term.operator == "=~" and term.right not in factors
        )
    )
    model = Model(text=text, factors=factors, items=items, terms=tuple(terms))
    stop_if_any(_contradictions(model))
    return model


def _tokens(text: str) -> Iterator[_Token]:
    line, start = 1, 0
    for match in _TOKEN.finditer(text):
        kind = str(match.lastgroup)
        if kind not in {"space", "comment"}:
            yield _Token(kind, match.group(), line, match.start() - start + 1)
        breaks = match.group().count("\n")
        if breaks:
            line += breaks
            start = match.end()


def _statements(text: str) -> Iterator[list[_Token]]:
    """Tokens by statement; a joint (operator, plus, star) at either side of a line end holds."""
    joints = {"operator", "plus", "times"}
    statement: list[_Token] = []
    ended = False
    for token in _tokens(text):
        if token.kind == "end":
            ended = not (statement and statement[-1].kind in joints and token.text == "\n")
            continue
        if ended and statement and token.kind not in joints:
            yield statement
            statement = []
        ended = False
        statement.append(token)
    if statement:
        yield statement


def _read_statement(tokens: list[_Token]) -> list[Term]:
    stop_if_any(_strays(tokens))
    if len(tokens) < 2 or tokens[0].kind != "name" or tokens[1].kind != "operator":
        raise StatisticsError(
            Problem(
                tokens[0].place,
                f"a statement begins with a name and =~ or ~~, found {_words(tokens[:2])}",
                _GRAMMAR,
            )
        )
    left, operator = tokens[0], tokens[1]
    return [_read_term(left, operator, part) for part in _split(tokens[2:], operator)]


def _strays(tokens: list[_Token]) -> Iterator[Problem]:
    for token in tokens:
        if token.kind == "stray":
            yield Problem(
                token.place,
                f"{token.text!r} is not part of the model language",
                "Use =~ (is measured by), ~~ (covaries with), +, * and names;"
                " regressions and constraints other than equal labels are not offered",
            )


def _split(tokens: list[_Token], operator: _Token) -> Iterator[list[_Token]]:
    part: list[_Token] = []
    last = operator
    for token in [*tokens, _Token("plus", "end", operator.line, operator.column)]:
        if token.kind != "plus":
            part.append(token)
        elif part:
            yield part
            part = []
        else:
            raise StatisticsError(
                Problem(last.place, f"a name must follow {last.text!r}", "Name an item or a factor")
            )
        last = token


def _read_term(left: _Token, operator: _Token, part: list[_Token]) -> Term:
    modifiers, target = part[:-1], part[-1]
    well_formed = target.kind == "name" and all(
        token.kind == ("times" if place % 2 else token.kind) and token.kind in _KINDS[place % 2]
        for place, token in enumerate(modifiers)
    )
    if not well_formed or len(modifiers) % 2:
        raise StatisticsError(
            Problem(
                part[0].place,
                f"a term is a name, or a value or label, a star and a name; found {_words(part)}",
                "Write for instance a, 1*a, NA*a or k*a, and + between terms",
            )
        )
    values = [float(token.text) for token in modifiers[::2] if token.kind == "number"]
    words = [token.text for token in modifiers[::2] if token.kind == "name"]
    labels = [word for word in words if word != _FREE]
    if len(values) > 1 or len(labels) > 1 or (values and _FREE in words):
        raise StatisticsError(
            Problem(
                part[0].place,
                f"a term takes at most one value and one label, found {_words(modifiers)}",
                "Keep one of them",
            )
        )
    return Term(
        left=left.text,
        operator=operator.text,
        right=target.text,
        fixed=values[0] if values else None,
        free=_FREE in words,
        label=labels[0] if labels else None,
        line=target.line,
        column=target.column,
    )


_KINDS = ({"number", "name"}, {"times"})


def _words(tokens: list[_Token]) -> str:
    return repr(" ".join(token.text for token in tokens))


def _contradictions(model: Model) -> Iterator[Problem]:
    if not model.factors:
        yield Problem("model", "it names no factor", _GRAMMAR)
        return
    yield from _repetitions(model)
    yield from _loops(model)
    yield from _unknown_covariances(model)
    yield from _negative_variances(model)
    yield from _lone_indicators(model)
    yield from _label_conflicts(model)


def _repetitions(model: Model) -> Iterator[Problem]:
    first: dict[tuple[str, str, str], Term] = {}
    for term in model.terms:
        before = first.setdefault(term.key, term)
        if before is not term:
            yield Problem(
                term.place,
                f"'{term.left} {term.operator} {term.right}' was already said in line"
                f" {before.line}, column {before.column}",
                "Say it once",
            )


def _loops(model: Model) -> Iterator[Problem]:
    def reaches(factor: str, goal: str, seen: frozenset[str]) -> bool:
        parts = set(model.indicators(factor)) & set(model.factors)
        return goal in parts or any(
            reaches(part, goal, seen | {part}) for part in parts if part not in seen
        )

    for factor in model.factors:
        if reaches(factor, factor, frozenset({factor})):
            place = next(term.place for term in model.loadings if term.left == factor)
            yield Problem(
                place,
                f"the factor {factor!r} is measured by itself",
                "A factor is measured by items or by factors of a lower order",
            )


def _unknown_covariances(model: Model) -> Iterator[Problem]:
    for term in model.covariances:
        sides = {term.left, term.right}
        for name in sorted(sides - set(model.factors) - set(model.items)):
            yield Problem(
                term.place,
                f"{name!r} is neither a factor nor an item of one",
                "Add it to a factor with =~ or correct its name",
            )
        if sides & set(model.factors) and sides & set(model.items):
            yield Problem(
                term.place,
                f"{term.left!r} and {term.right!r} are a factor and an item",
                "Let the factor measure the item (=~), or let two residuals covary",
            )


def _negative_variances(model: Model) -> Iterator[Problem]:
    for term in model.covariances:
        if term.left == term.right and term.fixed is not None and term.fixed < 0:
            yield Problem(
                term.place,
                f"the variance of {term.left!r} is fixed at {term.fixed:g}, and a variance cannot"
                " be negative",
                "Fix it at zero or above, or let it be estimated",
            )


def _lone_indicators(model: Model) -> Iterator[Problem]:
    settled = {
        term.left
        for term in model.covariances
        if term.left == term.right and term.fixed is not None
    }
    for factor in model.factors:
        indicators = model.indicators(factor)
        if len(indicators) == 1 and indicators[0] not in settled:
            item = indicators[0]
            yield Problem(
                next(term.place for term in model.loadings if term.left == factor),
                f"the factor {factor!r} has one item, so that its error cannot be told from it",
                f"Give it three items or more, or fix the error: {item} ~~ 0*{item}",
            )


def _label_conflicts(model: Model) -> Iterator[Problem]:
    values: dict[str, float] = {}
    for term in model.terms:
        if term.label is None or term.fixed is None:
            continue
        if values.setdefault(term.label, term.fixed) != term.fixed:
            yield Problem(
                term.place,
                f"the label {term.label!r} is given the value {term.fixed:g} after"
                f" {values[term.label]:g}",
                "Terms of one label share one value",
            )
