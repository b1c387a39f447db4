"""The only HTTP of ERP Club, and its console script."""

import gc

# Half a million lasting objects come in with the modules; looking through them again and again for rubbish would be a
# third of the time that a server takes to start.
gc.set_threshold(50_000, 50, 100)
