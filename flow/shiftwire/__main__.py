"""python -m shiftwire."""

import sys

from shiftwire.cli import main

sys.exit(main())
