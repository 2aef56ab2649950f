"""The command line: one program, `tocsin`, one file per command.

Comes in: arguments. Goes out: text for people on standard output, or JSON with `--json` (then
everything for people goes to standard error), and an exit status: 0 done, 1 internal, 2 your
input, 3 an outside service, 4 a check did not pass. Always holds: commands parse and print;
what they do stands in `pipeline` and the stages. A command's module is imported only when the
command runs, so that `tocsin --help` is quick.
"""

from tocsin.cli.program import COMMANDS, main, program

__all__ = ["COMMANDS", "main", "program"]
