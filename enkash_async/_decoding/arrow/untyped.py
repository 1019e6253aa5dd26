"""pyarrow without types: its stubs lag behind it and leave half of what is used here unknown."""

from typing import Any

import pyarrow
import pyarrow.compute
import pyarrow.json

pa: Any = pyarrow
pc: Any = pyarrow.compute
read_json: Any = pyarrow.json.read_json
