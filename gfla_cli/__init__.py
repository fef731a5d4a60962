"""The command line: parses, validates, calls one pipeline, prints."""

import time

# When the program started, in seconds of the monotonic clock. This is the first of its modules to be imported; the
# interpreter has computed before.
STARTED = time.monotonic() - time.process_time()
