r"""Makes the box of an algorithm from its class: each equation beside the lines that carry it out.

The equations are those of the docstring, the lines those of `update_step`. An equation belongs to
the statement that computes what stands on its left: `\hat m_t = ...` to `m_hat = ...`, `m_t = ...`
to `self.assign(m, ...)`, a start `m_0 = 0` to the line that fetches the state m. A statement of
which no equation speaks, such as `step = ...`, belongs to the next one of which one does.
"""

import ast
import re
from dataclasses import dataclass
from itertools import filterfalse

# Where the code names the number of an equation: `# eq. (5.1)`.
NUMBER = re.compile(r"# (?:eq\. )?(\(\d+\.\d+\))")
NUMBER_ALONE = re.compile(rf"  {NUMBER.pattern}$")
TOKEN = re.compile(r"(\\(?:begin|end)\{\w+\}|\\\\\n|, \\qquad\s|[{}])")
SEPARATORS = ("\\\\\n", ", \\qquad ", ", \\qquad\n")
SYMBOL = re.compile(r"(?:\\(hat|bar) )?([A-Za-z])(?:\^\{\\(max)\})?_([t0])")
# Where the name of a symbol in the code does not follow from its letters.
NAMES = {
    r"\theta_t": "variable",
    "W_t": "variable",
    r"\rho_t": "rho",
    r"\rho_\infty": "rho_inf",
    "r_t": "r_squared",
}
# Names that only stand for a symbol: a line that sets one has this for an equation.
SYMBOLS = {
    "t": "t",
    "theta": r"\theta_{t-1}",
    "decay": r"\lambda",
    "beta_1": r"\beta_1",
    "beta_2": r"\beta_2",
}


class BoxError(Exception):
    """Equations and code that do not match: one sentence saying where."""


@dataclass(frozen=True)
class Row:
    """One row of the box.

    Attributes:
        equation: in LaTeX, with a line break where the docstring has one.
        code: the lines that carry it out, verbatim, without the indentation of the method.
    """

    equation: str
    code: tuple[str, ...]


def equations(docstring: str) -> list[str]:
    r"""Lists the equations of a docstring's box, without `&` and `\\`.

    The start of a state, which stands in the line of its update, is an equation of its own.
    """
    found = re.search(r"\\begin\{aligned\}\s*(.*?)\s*\\end\{aligned\}", docstring, re.DOTALL)
    text = re.sub(r"\s*\n\s*", "\n", found[1] if found else "")
    parts, depth = [""], 0
    for token in TOKEN.split(text):
        depth += token.startswith((r"\begin", "{")) - token.startswith((r"\end", "}"))
        if depth == 0 and token in SEPARATORS:
            parts.append("")
        else:
            parts[-1] += token if depth == 0 else token.replace("\n", " ")
    return [part.strip().replace(" &=", " =", 1) for part in parts if part]


def name_in_code(equation: str) -> str:
    """Returns what the code calls the left side of an equation; a start ends in `_0`."""
    symbol = equation.partition(" =")[0]
    found = SYMBOL.fullmatch(symbol)
    if symbol in NAMES:
        return NAMES[symbol]
    if not found:
        raise BoxError(f'"{symbol}" is on the left of an equation: name it in NAMES.')
    above, letter, index, time = found.groups()
    return "_".join(filter(None, [letter, above, index, "0" if time == "0" else ""]))


def names_computed(statement: ast.stmt) -> list[str]:
    """Lists what a statement computes; fetching a state is the start of it, such as `m_0`."""
    match statement:
        case ast.Assign(targets=[ast.Name(name)], value=ast.Subscript()):
            return [f"{name}_0"]
        case ast.Assign(targets=[target]):
            return [node.id for node in ast.walk(target) if isinstance(node, ast.Name)]
        case ast.Expr(ast.Call(ast.Attribute(attr="assign" | "assign_sub"), [ast.Name(name), *_])):
            return [name]
    return []


def parsed(source: str) -> ast.ClassDef:
    """Reads the source of one class."""
    (kind,) = ast.parse(source).body
    if not isinstance(kind, ast.ClassDef):
        raise BoxError("only a class has a box.")
    return kind


def rows(source: str) -> list[Row]:
    """Matches the equations of a class with the lines of its `update_step`.

    Raises:
        BoxError: If the class has no `update_step` or no equations, if one of the two is left over,
            or if the lines come in another order than the equations.
    """
    kind = parsed(source)
    methods = [node for node in kind.body if isinstance(node, ast.FunctionDef)]
    step = next((method for method in methods if method.name == "update_step"), None)
    stated = equations(ast.get_docstring(kind) or "")
    if not stated or step is None:
        raise BoxError(f"{kind.name} needs equations in its docstring, and an update_step.")
    by_name = {name_in_code(equation): equation for equation in stated}
    lines, end = source.split("\n"), step.body[0].end_lineno
    found: list[Row] = []
    waiting: list[str] = []
    for statement in step.body[1:]:
        code = lines[end : statement.end_lineno]
        waiting += [line[statement.col_offset :] for line in code if line]
        end = statement.end_lineno
        for name in names_computed(statement):
            equation = by_name.pop(name, None) or SYMBOLS.get(name)
            if equation:
                found.append(Row(equation, tuple(waiting)))
                waiting = []
    if by_name or waiting:
        rest = [*by_name.values(), *waiting]
        raise BoxError(f"{kind.name}: nothing in the box matches {rest[0]!r}.")
    updates = [row.equation for row in found if row.equation in stated]
    if list(filterfalse(is_start, updates)) != list(filterfalse(is_start, stated)):
        raise BoxError(f"{kind.name}: update_step has its lines in another order than the box.")
    return found


def is_start(equation: str) -> bool:
    """Says whether an equation is the start of a state, which the box says beside its update."""
    return equation.endswith("_0 = 0")


def box(source: str) -> str:
    """Returns the box of a class as Markdown, a table of two columns."""
    name = parsed(source).name
    head = ['<div class="algorithm">\n', f"| Algorithm | `{name}.update_step` |", "|:---|:---|"]
    return "\n".join([*head, *map(table_row, rows(source)), "\n</div>"])


def table_row(row: Row) -> str:
    """Returns a row as a line of Markdown, with the numbers of its equations on the left.

    Raises:
        BoxError: If a line of code would end its cell of the table, or itself.
    """
    for line in row.code:
        if "|" in line or "`" in line:
            raise BoxError(f'"{line}" stands in a Markdown table: write it without | and `.')
    first, *more = row.equation.replace("|", r"\vert ").split("\n")
    left = [f"${first}$", *(rf"$\quad {{}}{line}$" for line in more)]
    left[-1] = " ".join([left[-1], *NUMBER.findall("\n".join(row.code))])
    right = [f"`{NUMBER_ALONE.sub('', line)}`" for line in row.code]
    return f"| {'<br>'.join(left)} | {'<br>'.join(right)} |"
