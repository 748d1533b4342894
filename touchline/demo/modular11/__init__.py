"""The demo league on a site like modular11.com, with a switch for each way in which the real one broke its readers."""

from touchline.demo.modular11.schedules import Reply, Schedules, send
from touchline.demo.modular11.site import Modular11Site
from touchline.demo.modular11.trouble import Trouble

__all__ = ["Modular11Site", "Reply", "Schedules", "Trouble", "send"]
