"""Customers, and content whose platform limits how long it is stored, came with this version. Nothing is rewritten.

Fields that older documents lack have defaults. The number keeps an older version off these data, beside a newer process or
after it: it would write messages without the time at which their content has to go, and would put the timers that delete it
aside as dead letters.
"""

from services.platform.store.migration_steps import Migration

STEP = Migration(number=14, name="customers and storage limits", rewrites=())
