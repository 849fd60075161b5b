"""Which agent gets which task: values, indexes, the dispatcher and its explanation. Pure."""
