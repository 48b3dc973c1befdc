# SPDX-License-Identifier: MIT
"""`set asyncio NAME VALUE` and `show asyncio NAME`: the library's settings as GDB's."""

import aiodbg
import gdb

_parameters = []


def register(library):
    """Make all of them, again if need be."""
    for prefix in ("set", "show"):
        Prefix(library, prefix)
    _parameters[:] = [Parameter(library, setting) for setting in library.settings()]


def refresh():
    """Another command has changed some."""
    for parameter in _parameters:
        parameter.refresh()


class Prefix(gdb.Command):
    """`set asyncio` and `show asyncio`, for themselves and for what is none of the settings."""

    def __init__(self, library, name):
        self._library = library
        verb = {"set": "Change", "show": "Show"}[name]
        self.__doc__ = "%s the settings of the asyncio commands." % verb
        super().__init__(name + " asyncio", gdb.COMMAND_DATA, prefix=True)

    def invoke(self, line, from_tty):
        self.dont_repeat()
        words = line.split()
        if words:
            names = ", ".join(setting.name for setting in self._library.settings())
            raise gdb.GdbError('no setting is "%.40s": try %s' % (words[0], names))
        for setting in self._library.settings():
            gdb.write("%s:  %s\n" % (setting.name, setting.value or "(none)"))


class Parameter(gdb.Parameter):
    """One setting. What the library has counts, and what GDB keeps follows it."""

    def __init__(self, library, setting):
        self._library = library
        self._name = setting.name
        choices = setting.argument.split("|")
        self.set_doc = "Set what it is: %s." % setting.argument
        self.show_doc = setting.summary
        self.__doc__ = setting.summary
        arguments = ["asyncio " + setting.name, gdb.COMMAND_DATA]
        self._is_switch = sorted(choices) == ["off", "on"]
        if self._is_switch:
            super().__init__(*arguments, gdb.PARAM_BOOLEAN)
        elif len(choices) > 1:
            super().__init__(*arguments, gdb.PARAM_ENUM, choices)
        else:
            super().__init__(*arguments, gdb.PARAM_STRING_NOESCAPE)
        self.refresh()

    def refresh(self):
        value = self._library.setting(self._name)
        self.value = value == "on" if self._is_switch else value

    def get_set_string(self):
        value = self.value
        if self._is_switch:
            value = "on" if value else "off"
        try:
            self._library.set(self._name, value or "")
        except aiodbg.Error as error:
            self.refresh()
            raise gdb.GdbError(str(error)) from None
        return ""

    def get_show_string(self, value):
        return self._library.setting(self._name) or "(none)"
