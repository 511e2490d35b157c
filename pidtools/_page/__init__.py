"""Results as people read them in a browser: a page of their own, or a fragment in a notebook.

A room a kind of result says it in sentences, tables and figures (`parts`); `html` writes these
down, `page` and `fragment` put them together.
"""
