"""``python -m entrypoints.cli``: how one command starts another."""

from entrypoints.cli.children import end_with_parent
from entrypoints.cli.main import main

end_with_parent()
main()
