"""The only HTTP of ERP Club, and its console script."""

import gc
import warnings

from pydantic import BaseModel
from pydantic.warnings import UnsupportedFieldAttributeWarning

# Half a million lasting objects come in with the modules; looking through them again and again for rubbish would be a
# third of the time that a server takes to start.
gc.set_threshold(50_000, 50, 100)
# A model's validator is made when something first comes in or goes out that needs it: all of them would be a sixth.
BaseModel.model_config["defer_build"] = True
# FastAPI doesn't hear this of what it asks for itself, but does of what is made later.
warnings.filterwarnings("ignore", category=UnsupportedFieldAttributeWarning)
