#!/usr/bin/env python3
"""Django's own commands: migrate, createsuperuser, runserver."""

import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_config.settings")
execute_from_command_line(sys.argv)
