"""`gfla ui`: a page in the browser for people who don't like command lines. Needs the extra `ui`.

`server` serves it; `page` lays it out; `desk` is what it can do; `forms` turns options into fields, and `views` jobs
into HTML; `uploads`, `checks`, `submissions` and `places` do the work. Nothing outside of this folder imports Gradio.
"""

import os

# Read when Gradio is imported, which must neither report anything nor ask for newer versions of itself.
os.environ.update({"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_DISABLE_TELEMETRY": "1"})
