"""The dashboards of Grafana, one file each.

Names of metrics come from the `instruments.py` of the services; a test holds every query to them.
"""

from deploy.generate.dashboards.overview import OVERVIEW
from deploy.generate.dashboards.pipeline import PIPELINE
from deploy.generate.dashboards.routing import ROUTING
from deploy.generate.dashboards.sla import SLA

DASHBOARDS = (OVERVIEW, ROUTING, SLA, PIPELINE)
