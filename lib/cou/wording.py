"""Commands of our own in what people are told: values, which each way out types as they would.

What there is to do is told to somebody who runs actions with `juju`, or the command `cou`. So a
text keeps its commands apart from its words, also in the journal, and whoever shows it says how
they are typed there. Words are shown as they are: no text is ever searched for a command.
"""

from __future__ import annotations

import dataclasses
import functools
import shlex
import string
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from . import texts

Value = str | bool | int


@dataclasses.dataclass(frozen=True)
class OwnCommand:
    """One of our commands: an action of the charm, and what `cou` calls the same.

    Attributes:
        verb: as the action is called.
        parameters: those of the action, by their names there, in order.
    """

    verb: str
    parameters: tuple[tuple[str, Value], ...] = ()


@dataclasses.dataclass(frozen=True)
class PlanOption:
    """An option of `plan`, by its name as a parameter, to be given with the others."""

    name: str
    value: Value


TextPart = str | OwnCommand | PlanOption


def own_command(verb: str, **parameters: Value) -> OwnCommand:
    """Return a command; a parameter's name has underscores, also at its end, for hyphens."""
    named = {name.rstrip("_").replace("_", "-"): value for name, value in parameters.items()}
    return OwnCommand(verb, tuple(named.items()))


PLAN = OwnCommand("plan")
UPGRADE = OwnCommand("upgrade")
CANCEL = OwnCommand("cancel")
FORCE = own_command("cancel", force=True)
STATUS = OwnCommand("status")
RESTORE = OwnCommand("restore")
ABANDON = OwnCommand("abandon")
REPORT = OwnCommand("report")


class CommandStyle:
    """How somebody types what is ours: this one as the documents do, `cancel force=true`."""

    def command(self, ours: OwnCommand, /) -> str:
        """Return a command as it is typed."""
        return " ".join([ours.verb, *(_parameter(*one) for one in ours.parameters)])

    def option(self, option: PlanOption, /) -> str:
        """Return an option as it is typed behind `plan`."""
        return _parameter(option.name, option.value)


class ActionStyle(CommandStyle):
    """Types them as actions of a unit: ``juju run cou/0 cancel force=true``."""

    def __init__(self, unit: str):
        """Give the unit's name, or ``<application>/leader``."""
        self._unit = unit

    def command(self, ours: OwnCommand, /) -> str:
        """Return the command for a shell with a Juju client."""
        return f"juju run {self._unit} {super().command(ours)}"


# Parameters that the command line takes without a name, and those that it names otherwise.
_BARE = frozenset({("plan", "group"), ("resolve-step", "step")})
_RENAMED = {
    "machines": "machine",
    "availability-zones": "availability-zone",
    "purge-before": "purge-before-date",
}
# Flags that are off unless given, and cannot be given as off.
_ON_ONLY = frozenset({"force", "purge"})


class CommandLineStyle(CommandStyle):
    """Types them for a shell that has the command `cou`: ``cou cancel --force``."""

    def command(self, ours: OwnCommand, /) -> str:
        """Return the command."""
        words = ["cou", ours.verb]
        for name, value in ours.parameters:
            bare = (ours.verb, name) in _BARE
            words.append(shlex.quote(str(value)) if bare else self.option(PlanOption(name, value)))
        return " ".join(word for word in words if word)

    def option(self, option: PlanOption, /) -> str:
        """Return the option; empty for one that cannot be given, as it is off unless given."""
        name = _RENAMED.get(option.name, option.name)
        if option.value is True:
            return f"--{name}"
        if option.value is False:
            return "" if name in _ON_ONLY else f"--no-{name}"
        return f"--{name} {shlex.quote(str(option.value))}"


def _flat(parts: tuple[TextPart, ...]) -> list[TextPart]:
    found: list[TextPart] = []
    for one in parts:
        found += one.parts if isinstance(one, Wording) else (one,)
    return found


def _told(part: TextPart, style: CommandStyle) -> str:
    if isinstance(part, OwnCommand):
        return style.command(part)
    return style.option(part) if isinstance(part, PlanOption) else part


def _parameter(name: str, value: Value) -> str:
    told = str(value).lower() if isinstance(value, bool) else str(value)
    return shlex.quote(f"{name}={told}")


IN_DOCUMENTS = CommandStyle()
COMMAND_LINE = CommandLineStyle()


class Wording(str):
    """A text for people whose commands are values.

    As a string it names them as the documents do; `text_for` types them as its reader does. It
    cannot be put into an f-string, where they would be lost: `join` joins texts.

    Attributes:
        parts: words, commands and options, in order.
    """

    parts: tuple[TextPart, ...]

    def __new__(cls, *parts: TextPart) -> Wording:
        """Join words, commands, options and texts."""
        flat = tuple(_flat(parts))
        text = super().__new__(cls, "".join(_told(one, IN_DOCUMENTS) for one in flat))
        text.parts = flat
        return text

    def text_for(self, style: CommandStyle) -> str:
        """Return it for somebody who types commands in a way."""
        return "".join(_told(one, style) for one in self.parts)

    def __format__(self, spec: str) -> str:
        """Refuse a command: it would become words, which nobody can type."""
        if all(isinstance(one, str) for one in self.parts):
            return format(str.__str__(self), spec)
        raise TypeError("say for whom: use text_for(style), or join texts with join()")

    def __reduce__(self) -> tuple[type[Wording], tuple[TextPart, ...]]:
        """Keep the parts where it is copied."""
        return Wording, self.parts


# What a text may name without being given it.
_COMMANDS: Mapping[str, OwnCommand] = {
    "PLAN": PLAN,
    "UPGRADE": UPGRADE,
    "CANCEL": CANCEL,
    "FORCE": FORCE,
    "STATUS": STATUS,
    "RESTORE": RESTORE,
    "ABANDON": ABANDON,
    "REPORT": REPORT,
}


class Text(Wording):
    """A text of the catalogue with its values: data, which becomes words on its way out.

    As a string it is in English and names commands as the documents do.

    Attributes:
        key: in `cou.texts`.
        remedy: whether it is what to do, not what was seen.
        values: by the names of the placeholders.
    """

    key: str
    remedy: bool
    values: Mapping[str, Any]

    def __new__(
        cls, key: str, values: Mapping[str, Any], *, remedy: bool = False, known: bool = True
    ) -> Text:
        """Put values into a text.

        Args:
            key: in `cou.texts`.
            values: by the names of the placeholders.
            remedy: whether what to do is wanted, not what was seen.
            known: False for one that another version has kept: where this catalogue has no such
                text, key and values are shown.

        Raises:
            LookupError: the catalogue has no such text, or a value is missing.
        """
        try:
            entry = texts.catalogue()[key]
            parts = [*_parts_of(entry.remedy if remedy else entry.seen, values)]
        except LookupError:
            if known:
                raise
            named = ", ".join(f"{name}={value}" for name, value in values.items())
            parts = [f"{key} ({named})" if named else key]
        text = cast("Text", super().__new__(cls, *parts))
        text.key, text.remedy, text.values = key, remedy, values
        return text

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep key and values where it is copied."""
        return _text_again, (self.key, self.values, self.remedy)


def _text_again(key: str, values: Mapping[str, Any], remedy: bool) -> Text:
    return Text(key, values, remedy=remedy, known=False)


def text(key: str, **values: Any) -> Text:
    """Return what was seen, of a key of the catalogue."""
    return Text(key, values)


def _parts_of(template: str, values: Mapping[str, Any]) -> Iterator[TextPart]:
    for words, name in _split(template):
        if words:
            yield words
        if name is None:
            continue
        value = values[name] if name in values else _COMMANDS[name]
        if isinstance(value, (OwnCommand, PlanOption, Wording)):
            yield value
        elif isinstance(value, (list, tuple)):
            every = cast("Sequence[object]", value)
            for number, one in enumerate(every):
                if number:
                    yield ", "
                yield one if isinstance(one, (OwnCommand, PlanOption, Wording)) else str(one)
        else:
            yield str(value)


@functools.cache
def _split(template: str) -> tuple[tuple[str, str | None], ...]:
    """Return words, and the placeholder after them; a plan has a few texts thousands of times."""
    return tuple((words, name) for words, name, _, _ in string.Formatter().parse(template))


NOTHING = Wording()


def join(*parts: TextPart) -> Wording:
    """Join words, commands, options and texts to one text."""
    return Wording(*parts)


def text_of(text: str) -> Wording:
    """Return a text as one; a plain one has no commands."""
    return text if isinstance(text, Wording) else Wording(text)


def text_for(text: str, style: CommandStyle) -> str:
    """Return a text, plain or not, for somebody who types commands in a way."""
    return text_of(text).text_for(style)


def sentence(text: str) -> Wording:
    """Return a text with a full stop at its end, so that another may follow; empty as it is."""
    return text_of(text) if not text or text.endswith((".", "?", "!")) else join(text, ".")


def to_data(text: str) -> dict[str, Any]:
    """Return what is kept of a text beside its words; empty for a plain one.

    Returns:
        ``{"remedy-parts": [...]}``: words are ``{"words": …}``, a command is ``{"verb": …, "with":
        [[name, value], …]}``, an option ``{"option": name, "value": …}``.
    """
    if not isinstance(text, Wording) or all(isinstance(one, str) for one in text.parts):
        return {}
    return {_KEY: [_part_data(one) for one in text.parts]}


def from_data(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a map with a remedy as it was, with `to_data` of it taken in.

    A plain text, as older ones are, stays so.

    Raises:
        LookupError, TypeError, ValueError: it is of another form.
    """
    found = dict(data)
    parts = found.pop(_KEY, None)
    if parts is not None:
        found["remedy"] = Wording(*(_part_of(one) for one in parts))
    return found


_KEY = "remedy-parts"

TOLD_IN_WORDS = "told-in-words"
"""Key of what an older version kept as a sentence: it is shown, and nothing is decided by it."""


def to_json(text: str) -> Mapping[str, Any]:
    """Return a text as the journal keeps it: its key and values, no words.

    Returns:
        ``{"key": …, "values": {…}}``, with ``"remedy": true`` for what to do; ``{"parts": […]}``
        for words that have no key, as what others said; empty for no text.
    """
    if isinstance(text, Text):
        kept = {"key": text.key, "values": {n: _kept(one) for n, one in text.values.items()}}
        return {**kept, "remedy": True} if text.remedy else kept
    return {"parts": [_part_data(one) for one in text_of(text).parts]} if text else {}


def from_json(kept: object) -> Wording:
    """Return a text that `to_json` has kept, or a sentence of an older version.

    Raises:
        LookupError, TypeError, ValueError: it is of another form.
    """
    if isinstance(kept, str):
        return text(TOLD_IN_WORDS, words=kept) if kept else NOTHING
    found = cast("Mapping[str, Any]", kept)
    if "key" in found:
        values = {str(name): _again(one) for name, one in found["values"].items()}
        return Text(str(found["key"]), values, remedy=bool(found.get("remedy")), known=False)
    return Wording(*(_part_of(one) for one in found["parts"])) if found else NOTHING


def _kept(value: object) -> object:
    if isinstance(value, (OwnCommand, PlanOption)):
        return _part_data(value)
    if isinstance(value, Wording):
        return to_json(value)
    if isinstance(value, (list, tuple)):
        return [_kept(one) for one in cast("Sequence[object]", value)]
    return value if isinstance(value, (str, bool, int)) else str(value)


def _again(kept: object) -> object:
    if isinstance(kept, list):
        return [_again(one) for one in cast("list[object]", kept)]
    if isinstance(kept, dict):
        found = cast("dict[str, Any]", kept)
        return _part_of(found) if {"verb", "option"} & found.keys() else from_json(found)
    return kept


def _part_data(part: TextPart) -> Mapping[str, object]:
    if isinstance(part, OwnCommand):
        return {"verb": part.verb, "with": [list(one) for one in part.parameters]}
    if isinstance(part, PlanOption):
        return {"option": part.name, "value": part.value}
    return {"words": part}


def _part_of(data: object) -> TextPart:
    found = cast("dict[str, Any]", data)
    if "words" in found:
        return str(found["words"])
    if "verb" in found:
        pairs = tuple((str(name), _value(value)) for name, value in found["with"])
        return OwnCommand(str(found["verb"]), pairs)
    return PlanOption(str(found["option"]), _value(found["value"]))


def _value(value: object) -> Value:
    if not isinstance(value, (str, bool, int)):
        raise TypeError("a parameter's value is a text, a number, true or false")
    return value
