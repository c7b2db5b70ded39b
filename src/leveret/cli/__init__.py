"""The command line: `main` finds the command, each command is a module of its own.

A command module has NAME, HELP, configure(parser) and run(arguments) -> exit status. A new one is
an entry in `main.COMMANDS`; nothing of it is imported before somebody asks for it.
"""
